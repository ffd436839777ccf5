#include "db/session_pool.h"

#include <algorithm>

#include "base/assert.h"
#include "base/metrics.h"

namespace paydesk::db {

SessionPool::Lease::~Lease() {
    if (connection_) pool_->give_back(std::move(connection_), clean_);
}

std::shared_ptr<Connection> SessionPool::take_idle() {
    while (!idle_.empty()) {
        // The one used last: its caches are warm, and the others may be closed by a pooler.
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        if (connection->is_open()) return connection;
        --places_taken_;
    }
    return nullptr;
}

// Hands the connection, or the place of one, to the first who waits. False when nobody does.
bool SessionPool::grant(std::shared_ptr<Connection> connection) {
    if (waiters_.empty()) return false;
    const auto waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter->connection = std::move(connection);
    waiter->granted = true;
    waiter->deadline.cancel();
    waiter->woken.set();
    return true;
}

void SessionPool::give_back(std::shared_ptr<Connection> connection, bool clean) {
    lent_.erase(connection);
    if (!clean || stopped_) connection->close();
    if (connection->is_open()) {
        if (!grant(connection)) idle_.push_back(std::move(connection));
    } else if (!grant(nullptr)) {
        --places_taken_;
    }
}

Task<std::shared_ptr<Connection>> SessionPool::open_one() {
    auto connection = std::make_shared<Connection>(io_, options_);
    lent_.insert(connection);
    std::exception_ptr failure;
    try {
        co_await connection->open();
    } catch (...) {
        failure = std::current_exception();
    }
    if (stopped_) connection->close();
    if (failure || !connection->is_open()) {
        give_back(connection, false);
        if (failure) std::rethrow_exception(failure);
        throw Unavailable("the database connections are shutting down");
    }
    spawn(io_, "db_session", Connection::receive(connection));
    co_return connection;
}

Task<std::shared_ptr<Connection>> SessionPool::wait_for_turn() {
    const auto waiter = std::make_shared<Waiter>(io_);
    waiters_.push_back(waiter);
    waiter->deadline.expires_after(options_.acquire_timeout);
    waiter->deadline.async_wait([waiter](const boost::system::error_code& error) {
        if (!error) waiter->woken.set();
    });
    co_await waiter->woken.wait();
    if (waiter->granted) co_return std::move(waiter->connection);
    std::erase(waiters_, waiter);
    if (stopped_) throw Unavailable("the database connections are shutting down");
    metrics::count("db_acquire_timeouts_total");
    throw Unavailable("all " + std::to_string(options_.sessions_max) +
                      " database sessions are busy; waited " +
                      std::to_string(options_.acquire_timeout.count()) + " ms");
}

Task<SessionPool::Lease> SessionPool::acquire() {
    const auto self = shared_from_this();
    if (stopped_) throw Unavailable("the database connections are shutting down");
    std::shared_ptr<Connection> connection;
    if (waiters_.empty()) connection = take_idle();
    if (!connection) {
        if (waiters_.empty() && places_taken_ < options_.sessions_max) {
            ++places_taken_;
        } else {
            connection = co_await wait_for_turn();
        }
    }
    // What was granted may have been lost since; its place is ours still.
    if (!connection || !connection->is_open()) connection = co_await open_one();
    lent_.insert(connection);
    co_return Lease(self, std::move(connection));
}

void SessionPool::stop() {
    stopped_ = true;
    for (const auto& connection : std::exchange(idle_, {})) {
        connection->close();
        --places_taken_;
    }
    for (const auto& connection : lent_) connection->close();
    for (const auto& waiter : std::exchange(waiters_, {})) {
        waiter->deadline.cancel();
        waiter->woken.set();
    }
}

}  // namespace paydesk::db
