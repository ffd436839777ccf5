#pragma once
// For http's own tests: a server on a free port in a thread of its own, and a raw socket to it.

#include <boost/asio/ip/tcp.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "http/server.h"

namespace paydesk::http::test {

class RunningServer {
public:
    explicit RunningServer(const Router& router, Limits limits = {})
        : server_(std::make_unique<Server>(io_, "127.0.0.1", 0, router, limits)) {
        server_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~RunningServer() {
        stop().wait();
        io_.stop();
        thread_.join();
        server_.reset();
    }

    std::uint16_t port() const { return port_; }
    asio::io_context& io() { return io_; }
    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    // Runs on the server's thread.
    void on_thread(std::function<void()> what) {
        std::promise<void> done;
        asio::post(io_, [&] {
            what();
            done.set_value();
        });
        done.get_future().wait();
    }
    std::future<void> stop() {
        auto done = std::make_shared<std::promise<void>>();
        asio::post(io_, [this, done] { spawn(io_, "stop", stop_and_tell(done)); });
        return done->get_future();
    }

private:
    Task<> stop_and_tell(std::shared_ptr<std::promise<void>> done) {
        co_await server_->stop();
        done->set_value();
    }

    asio::io_context io_{1};
    asio::executor_work_guard<Executor> work_ = asio::make_work_guard(io_);
    std::unique_ptr<Server> server_;
    std::uint16_t port_ = server_->port();
    std::thread thread_;
};

// Blocking, with a receive time-out, so that a broken server fails a test and does not hang it.
class RawClient {
public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool send(std::string_view bytes);  // false when the server has closed
    void end_sending();
    // One response by its Content-Length; what a closed connection left otherwise.
    std::string response(bool head_only = false);
    std::string until_closed();                // every byte that comes until the server closes
    std::string until(std::string_view text);  // up to and with `text`
    bool closed_within(std::chrono::milliseconds time);

private:
    bool receive();
    int socket_;
    std::string buffer_;
};

// Connects, sends, reads one response.
std::string exchange(std::uint16_t port, std::string_view request);
int status_of(std::string_view response);
std::string body_of(std::string_view response);
std::string header_of(std::string_view response, std::string_view name);

}  // namespace paydesk::http::test
