#include "http/server.h"

#include <fmt/format.h>
#include <array>
#include <boost/asio/basic_socket_acceptor.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/connection.h"

namespace paydesk::http {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

constexpr int backlog_max = 1024;
constexpr std::size_t turned_away_max = 64;  // connections beyond the cap that still get an answer
constexpr auto sweep_interval = 250ms;

}  // namespace

std::string http_date(Instant now) {
    constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                       days[std::chrono::weekday(day).c_encoding()], unsigned(date.day()),
                       months[unsigned(date.month()) - 1], int(date.year()), time.hours().count(),
                       time.minutes().count(), time.seconds().count());
}

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
public:
    using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

    Impl(asio::io_context& io, const std::string& address, std::uint16_t port, const Router& router,
         Limits limits)
        : state_(std::make_shared<ServerState>(io, router, limits)),
          acceptor_(io),
          tick_(io),
          pause_(io) {
        listen(address, port);
        state_->date = http_date(clock_.now());
    }

    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    void start() {
        spawn(state_->io, "http_accept", accept(shared_from_this()));
        spawn(state_->io, "http_sweep", sweep(shared_from_this()));
    }

    Task<> stop() {
        close_listener();
        // A connection that closes may erase itself from the set.
        const auto open = std::vector(state_->connections.begin(), state_->connections.end());
        for (Connection* connection : open) connection->stop();
        if (!state_->connections.empty()) {
            state_->all_gone.expires_after(state_->limits.drain_timeout);
            (void)co_await state_->all_gone.async_wait(awaits_tuple);
        }
        if (!state_->connections.empty())
            log::warning("http_drain_timed_out", {
                                                     {"open", state_->connections.size()}
            });
        close_all();
    }

    void close_listener() {
        state_->stopping = true;
        boost::system::error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    }

    void close_all() {
        finished_ = true;
        tick_.cancel();
        const auto open = std::vector(state_->connections.begin(), state_->connections.end());
        for (Connection* connection : open) connection->close();
    }

private:
    void listen(const std::string& address, std::uint16_t port) {
        boost::system::error_code ec;
        const auto ip = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, ec);
        if (ec) throw Unavailable("cannot listen on " + address + ": this is not an IP address");
        const asio::ip::tcp::endpoint endpoint(ip, port);
        acceptor_.open(endpoint.protocol(), ec);
        if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
        if (!ec) acceptor_.bind(endpoint, ec);
        if (!ec) acceptor_.listen(backlog_max, ec);
        if (!ec) return;
        std::string why = ec.message();
        if (ec == asio::error::address_in_use)
            why = "the port is in use; stop the program that listens there, or choose another port";
        if (ec == asio::error::access_denied)
            why = "permission denied; ports below 1024 need a privilege, choose a higher one";
        throw Unavailable("cannot listen on " + address + ":" + std::to_string(port) + ": " + why);
    }

    static Task<> accept(std::shared_ptr<Impl> self) {
        ServerState& state = *self->state_;
        while (!state.stopping) {
            auto [ec, socket] = co_await self->acceptor_.async_accept(awaits_tuple);
            if (state.stopping) break;
            if (ec) {
                // Out of files, most likely: let some connections close first.
                log::warning("http_accept_failed",
                             {
                                 {"failure", boost::json::value(ec.message())}
                });
                self->pause_.expires_after(100ms);
                (void)co_await self->pause_.async_wait(awaits_tuple);
                continue;
            }
            const std::size_t open = state.connections.size();
            if (open >= state.limits.connections_max + turned_away_max) continue;
            auto connection = std::make_shared<Connection>(std::move(socket), self->state_);
            if (open >= state.limits.connections_max) {
                metrics::count("http_connections_turned_away_total");
                spawn(state.io, "http_turn_away", Connection::turn_away(std::move(connection)));
            } else {
                spawn(state.io, "http_connection", Connection::serve(std::move(connection)));
            }
        }
    }

    static Task<> sweep(std::shared_ptr<Impl> self) {
        ServerState& state = *self->state_;
        for (int ticks = 0; !self->finished_; ++ticks) {
            self->tick_.expires_after(sweep_interval);
            (void)co_await self->tick_.async_wait(awaits_tuple);
            std::vector<Connection*> late;
            for (const auto now = Steady::now(); Connection * connection : state.connections) {
                if (connection->is_late(now)) late.push_back(connection);
            }
            for (Connection* connection : late) connection->close();
            if (ticks % 4 == 0) {
                state.date = http_date(self->clock_.now());
                metrics::gauge("http_connections", static_cast<double>(state.connections.size()));
            }
        }
    }

    std::shared_ptr<ServerState> state_;
    Acceptor acceptor_;
    Timer tick_, pause_;
    SystemClock clock_;  // for the Date header only
    bool finished_ = false;
};

Server::Server(asio::io_context& io, std::string address, std::uint16_t port, const Router& router,
               Limits limits)
    : impl_(std::make_shared<Impl>(io, address, port, router, limits)) {}

Server::~Server() {
    impl_->close_listener();
    impl_->close_all();
}

std::uint16_t Server::port() const { return impl_->port(); }
void Server::start() { impl_->start(); }

Task<> Server::stop() {
    const auto impl = impl_;
    co_await impl->stop();
}

}  // namespace paydesk::http
