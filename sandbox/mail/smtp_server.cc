#include "sandbox/mail/smtp_server.h"

#include <array>
#include <boost/asio/write.hpp>

#include "base/error.h"

namespace paydesk::sandbox {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Steady = std::chrono::steady_clock;

namespace {

// One connection. A timer closes its socket when the client, or we, take too long.
class Connection {
public:
    Connection(asio::io_context& io, Socket socket, const SmtpLimits& limits)
        : socket_(std::move(socket)),
          deadline_(io),
          limits_(limits),
          end_(Steady::now() + limits.connection_timeout) {}

    Task<bool> write(std::string text) {
        if (text.empty()) co_return true;
        expect_progress();
        const auto [failure, written] =
            co_await asio::async_write(socket_, asio::buffer(text), awaits_tuple);
        co_return !failure;
    }

    // Nothing when the client has gone or was too slow.
    Task<std::string_view> read() {
        const auto [failure, read] =
            co_await socket_.async_read_some(asio::buffer(bytes_), awaits_tuple);
        if (late_) say_at_once("421 4.4.2 You are too slow\r\n");
        co_return std::string_view(bytes_.data(), failure ? 0 : read);
    }

    void expect_progress() {
        deadline_.expires_at(std::min(Steady::now() + limits_.line_timeout, end_));
        deadline_.async_wait([this](const boost::system::error_code& cancelled) {
            if (cancelled) return;
            late_ = true;
            boost::system::error_code ignored;
            socket_.cancel(ignored);
        });
    }

    // Nobody waits for it any longer. The handler may not outlive us.
    Task<> close(bool by_reset) {
        boost::system::error_code ignored;
        if (by_reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
        if (!by_reset) socket_.shutdown(asio::socket_base::shutdown_send, ignored);
        socket_.close(ignored);
        deadline_.cancel();
        co_await asio::post(socket_.get_executor(), awaits);
    }

private:
    void say_at_once(std::string_view text) {
        boost::system::error_code ignored;
        socket_.non_blocking(true, ignored);
        socket_.write_some(asio::buffer(text), ignored);
    }

    Socket socket_;
    Timer deadline_;
    const SmtpLimits& limits_;
    Steady::time_point end_;
    bool late_ = false;
    std::array<char, 16'384> bytes_{};
};

}  // namespace

// What outlives the server until its last connection is gone.
struct SmtpServer::State {
    State(asio::io_context& on, Mailbox& mails, Faults& faulty, SmtpLimits limited)
        : io(on), mailbox(mails), faults(faulty), limits(limited), acceptor(on), pause(on) {}

    static Task<> accept(std::shared_ptr<State> self);
    static Task<> converse(std::shared_ptr<State> self, Socket socket);
    static Task<> turn_away(std::shared_ptr<State> self, Socket socket);

    asio::io_context& io;
    Mailbox& mailbox;
    Faults& faults;
    SmtpLimits limits;
    Acceptor acceptor;
    Timer pause;
    std::size_t connections = 0;
    bool stopping = false;
};

Task<> SmtpServer::State::converse(std::shared_ptr<State> self, Socket socket) {
    const auto connection = std::make_unique<Connection>(self->io, std::move(socket), self->limits);
    SmtpSession session(self->mailbox, self->faults);
    bool open = co_await connection->write(SmtpSession::greeting());
    bool by_reset = false;
    while (open) {
        const auto bytes = co_await connection->read();
        if (bytes.empty()) break;
        const auto turn = session.take(bytes);
        if (turn.got_line) connection->expect_progress();
        open = co_await connection->write(turn.say);
        if (turn.wait.count() > 0) co_await sleep_for(self->io, turn.wait);
        if (turn.then != SmtpSession::Turn::Then::read_on) open = false;
        by_reset = turn.then == SmtpSession::Turn::Then::reset;
    }
    co_await connection->close(by_reset);
    --self->connections;
}

Task<> SmtpServer::State::turn_away(std::shared_ptr<State> self, Socket socket) {
    const auto connection = std::make_unique<Connection>(self->io, std::move(socket), self->limits);
    co_await connection->write("421 4.3.2 Too many connections: come back later\r\n");
    co_await connection->close(false);
}

Task<> SmtpServer::State::accept(std::shared_ptr<State> self) {
    while (!self->stopping) {
        auto [failure, socket] = co_await self->acceptor.async_accept(awaits_tuple);
        if (self->stopping) break;
        if (failure) {  // out of files, most likely: let some connections close first
            self->pause.expires_after(std::chrono::milliseconds(100));
            (void)co_await self->pause.async_wait(awaits_tuple);
            continue;
        }
        if (self->connections >= self->limits.connections_max) {
            spawn(self->io, "smtp_turn_away", turn_away(self, std::move(socket)));
            continue;
        }
        ++self->connections;
        spawn(self->io, "smtp_connection", converse(self, std::move(socket)));
    }
}

SmtpServer::SmtpServer(asio::io_context& io, std::uint16_t port, Mailbox& mailbox, Faults& faults,
                       SmtpLimits limits)
    : state_(std::make_shared<State>(io, mailbox, faults, limits)) {
    boost::system::error_code failure;
    const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    auto& acceptor = state_->acceptor;
    acceptor.open(endpoint.protocol(), failure);
    if (!failure) acceptor.set_option(asio::socket_base::reuse_address(true), failure);
    if (!failure) acceptor.bind(endpoint, failure);
    if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
    if (!failure) return;
    throw Unavailable("cannot listen for mail on 127.0.0.1:" + std::to_string(port) + ": " +
                      failure.message() +
                      ". Choose another port with --smtp-port (0: a free one).");
}

SmtpServer::~SmtpServer() {
    state_->stopping = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
}

std::uint16_t SmtpServer::port() const { return state_->acceptor.local_endpoint().port(); }
void SmtpServer::start() { spawn(state_->io, "smtp_accept", State::accept(state_)); }

}  // namespace paydesk::sandbox
