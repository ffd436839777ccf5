#pragma once
// One accepted connection: requests in, responses out, one after the other. Inside http/ only.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "http/message.h"
#include "http/request_parser.h"
#include "http/server.h"

namespace paydesk::http {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

class Connection;

// What the listener and its connections share.
struct ServerState {
    ServerState(asio::io_context& io_, const Router& router_, Limits limits_)
        : io(io_), router(router_), limits(limits_), all_gone(io_) {}

    asio::io_context& io;
    const Router& router;
    Limits limits;
    std::string date;  // of the Date header, made anew each second
    bool stopping = false;
    std::unordered_set<Connection*> connections;
    Timer all_gone;  // cancelled when the last connection goes
};

// The bytes that were read and not yet parsed; a pipelined request may follow the present one.
class ReadBuffer {
public:
    explicit ReadBuffer(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    bool empty() const { return begin_ == end_; }
    asio::const_buffer unread() const { return {bytes_.get() + begin_, end_ - begin_}; }
    void consume(std::size_t bytes);
    // Room to read into; empty when bytes_max wait already.
    asio::mutable_buffer prepare();
    void commit(std::size_t bytes) { end_ += bytes; }
    // Gives back what a large request made it grow to. REQUIRES: empty().
    void shrink();

private:
    std::size_t bytes_max_;
    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

// A deadline is only a time stamp that the server's sweep looks at: a request costs no timer.
class Connection final : public Writer {
public:
    Connection(Socket socket, std::shared_ptr<ServerState> state);
    ~Connection() override;

    static Task<> serve(std::shared_ptr<Connection> self);
    // Beyond the cap: answers 503 with Retry-After, without reading, and closes.
    static Task<> turn_away(std::shared_ptr<Connection> self);

    void close();
    // The server stops: an idle connection closes, a stream is told, a request goes on to its end.
    void stop();
    bool is_late(std::chrono::steady_clock::time_point now) const { return deadline_ < now; }

    // Writer
    Task<bool> write(std::string_view bytes) override;
    bool stopping() const override { return state_->stopping || gone_; }
    void on_end(std::function<void()> wake) override;
    void abort() override { close(); }

private:
    enum class Received { request, refusal, nothing };

    Task<Received> receive(RequestParser& parser, boost::system::error_code& refused);
    Task<bool> read_some();
    Task<bool> respond(const Response& response, bool head_only, bool keep_alive, bool http_1_0);
    Task<bool> send(std::string_view first, std::string_view second);
    bool send_now(std::string_view& first, std::string_view& second);
    void write_head(const Response& response, bool keep_alive, bool http_1_0);
    Task<> stream(const Response& response);
    static Task<> watch_reader(std::shared_ptr<Connection> self);
    Task<> linger();
    void end_stream();
    void expire_in(std::chrono::steady_clock::duration time);
    void expire_never();

    Socket socket_;
    std::shared_ptr<ServerState> state_;
    std::string remote_address_;
    std::chrono::steady_clock::time_point deadline_;
    ReadBuffer buffer_;
    std::string head_;  // of the response; kept for its memory
    std::function<void()> wake_stream_;
    std::weak_ptr<Connection> self_;
    bool idle_ = true;
    bool gone_ = false;
};

}  // namespace paydesk::http
