#pragma once
// Connections for transaction(): each is lent to one at a time, first come, first served.

#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "db/connection.h"

namespace paydesk::db {

class SessionPool : public std::enable_shared_from_this<SessionPool> {
public:
    SessionPool(asio::io_context& io, const Options& options) : io_(io), options_(options) {}

    // A connection on loan. Its end gives it back: for reuse after finished(), else it is closed,
    // because nobody knows what state its session is in.
    class Lease {
    public:
        Lease(std::shared_ptr<SessionPool> pool, std::shared_ptr<Connection> connection)
            : pool_(std::move(pool)), connection_(std::move(connection)) {}
        Lease(Lease&&) = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease();
        Connection& operator*() const { return *connection_; }
        void finished() { clean_ = true; }

    private:
        std::shared_ptr<SessionPool> pool_;
        std::shared_ptr<Connection> connection_;
        bool clean_ = false;
    };

    // Waits its turn for acquire_timeout. Throws Unavailable when that passes or stop() was called,
    // Failure 08001 when Postgres cannot be reached.
    Task<Lease> acquire();

    // Closes all, also what is on loan: a transaction that runs fails with 08006. Wakes who waits.
    void stop();

private:
    struct Waiter {
        explicit Waiter(asio::io_context& io) : deadline(io) {}
        Signal woken;
        Timer deadline;
        std::shared_ptr<Connection> connection;  // or none: the right to open one
        bool granted = false;
    };

    void give_back(std::shared_ptr<Connection> connection, bool clean);
    bool grant(std::shared_ptr<Connection> connection);
    std::shared_ptr<Connection> take_idle();
    Task<std::shared_ptr<Connection>> wait_for_turn();
    Task<std::shared_ptr<Connection>> open_one();

    asio::io_context& io_;
    const Options options_;
    std::vector<std::shared_ptr<Connection>> idle_;
    std::set<std::shared_ptr<Connection>> lent_;  // or being opened for somebody
    std::deque<std::shared_ptr<Waiter>> waiters_;
    int places_taken_ = 0;  // open or being opened, idle ones included
    bool stopped_ = false;
};

}  // namespace paydesk::db
