#include "http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <cstring>

#include "base/log.h"
#include "base/metrics.h"

namespace paydesk::http {

namespace beast = boost::beast::http;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t buffer_bytes_first = 4 * 1024;
constexpr std::size_t buffer_bytes_kept = 16 * 1024;
constexpr std::size_t write_bytes_per_second_least = 64 * 1024;
constexpr std::size_t linger_bytes_max = 16 * 1024 * 1024;
constexpr auto linger_time = 2s;

// What a request that was refused before its handler is told.
Response refusal(const boost::system::error_code& why, const Limits& limits) {
    if (why == beast::error::body_limit) {
        return problem(
            {ErrorCode::body_too_large,
             "The body may have at most " + std::to_string(limits.body_bytes_max) + " bytes."});
    }
    if (why == beast::error::header_limit) {
        return problem(431, {ErrorCode::malformed_request,
                             "Request line and headers may have at most " +
                                 std::to_string(limits.head_bytes_max) + " bytes together."});
    }
    return problem({ErrorCode::malformed_request, "This is not HTTP/1.1: " + why.message() + "."});
}

// A line break in a header's value would begin another header.
void append_value(std::string& out, std::string_view value) {
    const std::size_t begin = out.size();
    out.append(value);
    for (std::size_t i = begin; i < out.size(); ++i) {
        if (out[i] == '\r' || out[i] == '\n' || out[i] == '\0') out[i] = ' ';
    }
}

// Those that say where the message ends are the server's own business.
bool is_framing(std::string_view name) {
    switch (name.size()) {
        case 10:
            return equal_ignoring_case(name, "connection");
        case 14:
            return equal_ignoring_case(name, "content-length");
        case 17:
            return equal_ignoring_case(name, "transfer-encoding");
        default:
            return false;
    }
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

void ReadBuffer::consume(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
}

asio::mutable_buffer ReadBuffer::prepare() {
    if (begin_ > 0 && end_ == capacity_) {
        std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == capacity_ && capacity_ < bytes_max_) {
        const std::size_t grown = std::clamp(capacity_ * 2, buffer_bytes_first, bytes_max_);
        auto bytes = std::make_unique_for_overwrite<char[]>(grown);
        if (end_ > 0) std::memcpy(bytes.get(), bytes_.get(), end_);
        bytes_ = std::move(bytes);
        capacity_ = grown;
    }
    return {bytes_.get() + end_, capacity_ - end_};
}

void ReadBuffer::shrink() {
    if (capacity_ <= buffer_bytes_kept) return;
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
}

Connection::Connection(Socket socket, std::shared_ptr<ServerState> state)
    : socket_(std::move(socket)),
      state_(std::move(state)),
      // The whole head must fit, and a full buffer must still tell a long head from an endless one.
      buffer_(std::max<std::size_t>(state_->limits.head_bytes_max, 16 * 1024) * 2) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    remote_address_ = socket_.remote_endpoint(ignored).address().to_string();
    state_->connections.insert(this);
    expire_in(state_->limits.idle_timeout);
}

Connection::~Connection() {
    state_->connections.erase(this);
    if (state_->connections.empty()) state_->all_gone.cancel();
}

void Connection::expire_in(Steady::duration time) { deadline_ = Steady::now() + time; }
void Connection::expire_never() { deadline_ = Steady::time_point::max(); }

void Connection::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    end_stream();
}

void Connection::stop() {
    if (idle_) {
        close();
    } else {
        end_stream();
    }
}

void Connection::end_stream() {
    if (auto wake = std::exchange(wake_stream_, {})) wake();
}

void Connection::on_end(std::function<void()> wake) { wake_stream_ = std::move(wake); }

Task<bool> Connection::read_some() {
    const auto [ec, bytes] = co_await socket_.async_read_some(buffer_.prepare(), awaits_tuple);
    if (ec) co_return false;
    buffer_.commit(bytes);
    co_return true;
}

Task<Connection::Received> Connection::receive(RequestParser& parser,
                                               boost::system::error_code& refused) {
    bool started = !buffer_.empty(), in_body = false;
    expire_in(started ? state_->limits.head_timeout : state_->limits.idle_timeout);
    for (;;) {
        if (!buffer_.empty()) {
            buffer_.consume(parser.put(buffer_.unread(), refused));
            if (refused == beast::error::need_more) refused = {};
            if (refused) co_return Received::refusal;
            if (parser.is_done()) co_return Received::request;
        }
        if (!in_body && parser.is_header_done()) {
            in_body = true;
            expire_in(state_->limits.body_timeout);
            if (parser.expects_continue() && buffer_.empty() &&
                !co_await send("HTTP/1.1 100 Continue\r\n\r\n", {}))
                co_return Received::nothing;
        }
        if (buffer_.prepare().size() == 0) {
            refused = in_body ? beast::error::bad_chunk : beast::error::header_limit;
            co_return Received::refusal;
        }
        if (!started && state_->stopping) co_return Received::nothing;
        idle_ = !started;
        const bool open = co_await read_some();
        idle_ = false;
        if (!open) co_return Received::nothing;
        if (!std::exchange(started, true)) expire_in(state_->limits.head_timeout);
    }
}

Task<> Connection::serve(std::shared_ptr<Connection> self) {
    Connection& me = *self;
    me.self_ = self;
    const Limits& limits = me.state_->limits;
    for (bool keep = true; keep;) {
        RequestParser parser(limits.head_bytes_max, limits.body_bytes_max);
        boost::system::error_code refused;
        const Received received = co_await me.receive(parser, refused);
        if (received == Received::nothing) break;
        me.expire_never();  // a handler keeps its own time
        if (received == Received::refusal) {
            const Response response = refusal(refused, limits);
            metrics::count("http_requests_total", {
                                                      {"route",  "refused"                      },
                                                      {"method", "other"                        },
                                                      {"status", std::to_string(response.status)}
            });
            if (co_await me.respond(response, false, false, false)) co_await me.linger();
            break;
        }
        Request& request = parser.request;
        request.remote_address = me.remote_address_;
        const Response response = co_await me.state_->router.route(request);
        if (response.reset) {
            boost::system::error_code unset;
            me.socket_.set_option(asio::socket_base::linger(true, 0), unset);
            me.close();
            co_return;
        }
        const bool head_only = request.method == "HEAD";
        const bool streams = response.stream && !head_only;
        const bool http_1_0 = !parser.is_http_1_1();
        keep = parser.keep_alive() && !me.state_->stopping && !streams;
        if (!co_await me.respond(response, head_only, keep, http_1_0)) break;
        if (streams) co_await me.stream(response);
        if (me.buffer_.empty()) me.buffer_.shrink();
    }
    boost::system::error_code ignored;
    me.socket_.shutdown(Socket::shutdown_send, ignored);
    me.close();
}

Task<> Connection::turn_away(std::shared_ptr<Connection> self) {
    Response response = problem({ErrorCode::unavailable, "Too many connections: try again soon."});
    self->idle_ = false;
    if (co_await self->respond(response, false, false, false)) co_await self->linger();
    self->close();
}

void Connection::write_head(const Response& response, bool keep_alive, bool http_1_0) {
    const auto reason = beast::obsolete_reason(static_cast<beast::status>(response.status));
    head_.clear();
    head_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    head_.append(reason.data(), reason.size());
    // A handler that lives by another clock says so itself.
    if (!response.headers.contains("Date")) head_.append("\r\nDate: ").append(state_->date);
    if (!response.content_type.empty()) {
        head_.append("\r\nContent-Type: ");
        append_value(head_, response.content_type);
    }
    if (!response.stream && !has_no_body(response.status))
        head_.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
    for (const auto& [name, value] : response.headers) {
        if (is_framing(name)) continue;
        head_.append("\r\n");
        append_value(head_, name);
        head_.append(": ");
        append_value(head_, value);
    }
    if (!keep_alive) {
        head_.append("\r\nConnection: close");
    } else if (http_1_0) {
        head_.append("\r\nConnection: keep-alive");
    }
    head_.append("\r\n\r\n");
}

Task<bool> Connection::respond(const Response& response, bool head_only, bool keep_alive,
                               bool http_1_0) {
    write_head(response, keep_alive, http_1_0);
    const bool bare = head_only || response.stream || has_no_body(response.status);
    co_return co_await send(head_, bare ? std::string_view() : std::string_view(response.body));
}

// Writes what the kernel takes at once. False when the connection has failed.
bool Connection::send_now(std::string_view& first, std::string_view& second) {
    while (!first.empty() || !second.empty()) {
        const std::array buffers = {asio::const_buffer(first.data(), first.size()),
                                    asio::const_buffer(second.data(), second.size())};
        boost::system::error_code ec;
        const std::size_t sent = socket_.write_some(buffers, ec);
        if (ec == asio::error::would_block) return true;
        if (ec) return false;
        const std::size_t of_first = std::min(sent, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(sent - of_first);
    }
    return true;
}

Task<bool> Connection::send(std::string_view first, std::string_view second) {
    if (!send_now(first, second)) co_return false;
    if (first.empty() && second.empty()) co_return true;
    // A large body on a slow line gets longer, one byte now and then gets nobody anywhere.
    expire_in(state_->limits.write_timeout +
              std::chrono::seconds(second.size() / write_bytes_per_second_least));
    while (!first.empty() || !second.empty()) {
        const auto [ec] = co_await socket_.async_wait(Socket::wait_write, awaits_tuple);
        if (ec || !send_now(first, second)) co_return false;
    }
    expire_never();
    co_return true;
}

Task<bool> Connection::write(std::string_view bytes) {
    if (stopping()) co_return false;
    co_return co_await send(bytes, {});
}

// Notices that the reader has left, which a stream that has nothing to write would not.
Task<> Connection::watch_reader(std::shared_ptr<Connection> self) {
    std::array<char, 256> ignored;
    for (std::size_t read = 0; read < linger_bytes_max;) {
        const auto [ec, bytes] =
            co_await self->socket_.async_read_some(asio::buffer(ignored), awaits_tuple);
        if (ec) break;
        read += bytes;
    }
    self->gone_ = true;
    self->end_stream();
}

Task<> Connection::stream(const Response& response) {
    expire_never();
    spawn(state_->io, "http_watch_reader", watch_reader(self_.lock()));
    std::string failure;
    try {
        co_await response.stream(*this);
    } catch (const std::exception& error) {
        failure = error.what();
    }
    wake_stream_ = {};
    if (!failure.empty())
        log::error("http_stream_failed", {
                                             {"failure", boost::json::value(failure)}
        });
}

// Closing with unread bytes would make the kernel reset the connection, and the answer could be
// lost before it was read: so take in what still comes, for a while.
Task<> Connection::linger() {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    expire_in(linger_time);
    std::array<char, 4096> scratch;
    for (std::size_t read = 0; read < linger_bytes_max;) {
        const auto [ec, bytes] =
            co_await socket_.async_read_some(asio::buffer(scratch), awaits_tuple);
        if (ec) break;
        read += bytes;
    }
}

}  // namespace paydesk::http
