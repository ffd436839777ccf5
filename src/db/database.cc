#include "db/database.h"

#include <set>

#include "base/assert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "db/backoff.h"
#include "db/connection.h"
#include "db/measured.h"
#include "db/session_pool.h"
#include "db/session_tx.h"

namespace paydesk::db {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds reconnect_pause_first = 20ms;
constexpr std::chrono::milliseconds reconnect_pause_max = 5s;
constexpr std::chrono::milliseconds complain_from = 150ms;
constexpr int transaction_retries_max = 5;

constexpr Statement begin{"begin", "begin isolation level read committed read write"};
constexpr Statement commit{"commit", "commit"};
constexpr Statement rollback{"rollback", "rollback"};
// Behind a transaction pooler, in place of the session's settings (connection.cc).
constexpr Statement unit_settings{"unit_settings",
                                  "select set_config('statement_timeout', $1, true), "
                                  "set_config('jit', 'off', true)"};
// One statement: role, claims and timeout end with the transaction, so that no unit after it on
// this connection, or behind a pooler, acts as this person. The timeout goes first, by argument
// order, while the role may still set it.
constexpr Statement act_as{"act_as",
                           "select set_config('statement_timeout', $1, true), "
                           "set_config('request.jwt.claims', $2, true), "
                           "set_config('role', $3, true)"};

}  // namespace

struct Subscription {
    std::string url;
    std::string channel;
    std::function<void(std::string_view)> on_notify;
};

class Database::Impl : public std::enable_shared_from_this<Database::Impl> {
public:
    Impl(asio::io_context& io_, Options options_)
        : io(io_),
          options(std::move(options_)),
          sessions(std::make_shared<SessionPool>(io, options)) {}

    void start();
    void stop();
    Connection& least_loaded() const;
    bool is_up() const;
    void complain(std::chrono::milliseconds pause) const;

    // What these are spawned with keeps the Impl alive, whatever becomes of the Database.
    static Task<> keep_connected(std::shared_ptr<Impl> self, std::size_t index);
    static Task<> keep_listening(std::shared_ptr<Impl> self, std::size_t index, Subscription to);
    Task<> pause(std::chrono::milliseconds duration);
    std::vector<Command> as_unit(const std::optional<Identity>& identity) const;
    Task<Rows> run(std::vector<Command> unit);
    static Task<std::optional<Failure>> try_commit(Connection& connection, SessionTx& tx);
    static Task<bool> roll_back(Connection& connection);
    Task<> attempt(const std::optional<Identity>& identity,
                   const std::function<Task<bool>(Tx&)>& body);

    asio::io_context& io;
    const Options options;
    std::vector<std::shared_ptr<Connection>> pipelines;
    std::vector<std::shared_ptr<Connection>> listeners;
    std::shared_ptr<SessionPool> sessions;
    std::set<Timer*> pauses;
    std::string last_failure = "not connected yet";
    bool stopped = false;
};

// ---- connections ----

void Database::Impl::start() {
    PD_ASSERT(options.pipelines > 0 && options.sessions_max > 0);
    PD_ASSERT(options.statement_timeout > 0ms);  // 0 would mean for ever
    pipelines.resize(static_cast<std::size_t>(options.pipelines));
    for (std::size_t i = 0; i < pipelines.size(); ++i) {
        spawn(io, "db_pipeline", keep_connected(shared_from_this(), i));
    }
}

void Database::Impl::stop() {
    stopped = true;
    for (Timer* timer : pauses) timer->cancel();
    for (const auto& connection : pipelines) {
        if (connection) connection->close();
    }
    for (const auto& connection : listeners) {
        if (connection) connection->close();
    }
    sessions->stop();
}

// stop() ends it early.
Task<> Database::Impl::pause(std::chrono::milliseconds duration) {
    if (stopped) co_return;
    Timer timer(io);
    timer.expires_after(duration);
    pauses.insert(&timer);
    co_await timer.async_wait(awaits_tuple);
    pauses.erase(&timer);
}

Task<> Database::Impl::keep_connected(std::shared_ptr<Impl> self, std::size_t index) {
    Backoff backoff(reconnect_pause_first, reconnect_pause_max);
    while (!self->stopped) {
        const auto connection = std::make_shared<Connection>(self->io, self->options);
        self->pipelines[index] = connection;
        try {
            co_await connection->open();
            backoff.reset();
        } catch (const std::exception& failure) {
            self->last_failure = failure.what();
            connection->close();
        }
        if (connection->is_open()) co_await Connection::receive(connection);
        const auto pause = backoff.next();
        self->complain(pause);
        co_await self->pause(pause);
    }
}

// Not for each of the quick tries that a restart of Postgres takes.
void Database::Impl::complain(std::chrono::milliseconds pause) const {
    if (stopped || pause < complain_from) return;
    const char* reason = last_failure.c_str();
    log::warning("db_connect_failed", {
                                          {"reason",   reason       },
                                          {"retry_ms", pause.count()}
    });
}

bool Database::Impl::is_up() const {
    return std::ranges::any_of(
        pipelines, [](const auto& pipeline) { return pipeline && pipeline->is_open(); });
}

Connection& Database::Impl::least_loaded() const {
    Connection* best = nullptr;
    std::size_t in_flight = 0;
    for (const auto& pipeline : pipelines) {
        if (!pipeline || !pipeline->is_open()) continue;
        in_flight += pipeline->depth();
        if (!best || pipeline->depth() < best->depth()) best = pipeline.get();
    }
    if (!best) throw Failure("08003", "", "no connection to Postgres: " + last_failure);
    if (in_flight >= options.pipeline_depth_max) {
        metrics::count("db_pipeline_full_total");
        throw Unavailable("too many statements are waiting for Postgres");
    }
    return *best;
}

// ---- one statement ----

std::vector<Command> Database::Impl::as_unit(const std::optional<Identity>& identity) const {
    const std::string timeout = std::to_string(options.statement_timeout.count());
    std::vector<Command> unit;
    if (identity) {
        // A token says what it likes, and 'none' would be the server's own role again.
        if (identity->role != "authenticated" && identity->role != "anon") {
            throw Failure("42501", "", "nobody may act as the role " + identity->role);
        }
        unit.push_back({
            act_as, {timeout, identity->claims_json, identity->role}
        });
    } else if (!options.prepared_statements) {
        unit.push_back({unit_settings, {timeout}});
    }
    return unit;
}

Task<Rows> Database::Impl::run(std::vector<Command> unit) {
    const auto self = shared_from_this();
    const Measured measured(unit.back().statement.name);
    try {
        auto results = co_await least_loaded().unit(std::move(unit));
        co_return std::move(results.back());
    } catch (const Failure& failure) {
        Measured::failed(failure);
        throw;
    }
}

// ---- transactions ----

// If the connection is lost here, nobody knows whether the commit happened. The Failure is 08*, and
// run_transaction() runs the body again: right only because bodies are idempotent (design, 11: the
// second run finds the first one's rows and changes nothing).
Task<std::optional<Failure>> Database::Impl::try_commit(Connection& connection, SessionTx& tx) {
    std::vector<Command> last = tx.take_rest();
    last.push_back({commit});
    const Measured measured(commit.name);
    try {
        co_await connection.unit(std::move(last));
        co_return std::nullopt;
    } catch (const Failure& failure) {
        Measured::failed(failure);
        co_return failure;
    }
}

// Whether the connection is fit for the next one. Where it is lost, so is the transaction: just what was
// wanted.
Task<bool> Database::Impl::roll_back(Connection& connection) {
    if (!connection.is_open()) co_return false;
    try {
        std::vector<Command> last;
        last.push_back({rollback});
        co_await connection.unit(std::move(last));
        co_return true;
    } catch (const Failure&) {
        co_return false;
    }
}

// One try. Leaves no transaction open: a lease that is not finished() closes its connection.
Task<> Database::Impl::attempt(const std::optional<Identity>& identity,
                               const std::function<Task<bool>(Tx&)>& body) {
    std::vector<Command> opening = as_unit(identity);
    opening.insert(opening.begin(), Command{begin});
    auto lease = co_await sessions->acquire();
    SessionTx tx(*lease, std::move(opening));

    bool wants_commit = false;
    std::exception_ptr thrown;
    try {
        wants_commit = co_await body(tx);
    } catch (...) {
        thrown = std::current_exception();
    }
    std::optional<Failure> refused;
    if (wants_commit && !tx.failure() && tx.has_work()) {
        refused = co_await try_commit(*lease, tx);
    }
    const bool is_over = !tx.has_begun() || (wants_commit && !tx.failure() && !refused);
    if (is_over || co_await roll_back(*lease)) lease.finished();
    if (refused) throw Failure(*refused);
    if (thrown) std::rethrow_exception(thrown);
    // The body swallowed a failure and believes that it may commit. It may not.
    if (wants_commit && tx.failure()) throw Failure(*tx.failure());
}

// ---- LISTEN ----

namespace {

Task<> subscribe(std::shared_ptr<Connection> connection, Subscription to, bool again) {
    const std::string sql = "listen \"" + to.channel + "\"";
    try {
        std::vector<Command> unit;
        unit.push_back({
            {"listen", sql.c_str()}
        });
        co_await connection->unit(std::move(unit));
        if (again) to.on_notify("");
    } catch (const Failure& failure) {
        const char* reason = failure.what();
        log::warning("db_listen_failed", {
                                             {"reason", reason}
        });
        connection->close();
    }
}

}  // namespace

Task<> Database::Impl::keep_listening(std::shared_ptr<Impl> self, std::size_t index,
                                      Subscription to) {
    Options options = self->options;
    options.url = to.url;
    options.prepared_statements = false;  // the statement's text does not outlive its unit
    Backoff backoff(reconnect_pause_first, reconnect_pause_max);
    bool again = false;
    while (!self->stopped) {
        const auto connection = std::make_shared<Connection>(self->io, options);
        self->listeners[index] = connection;
        connection->on_notify = to.on_notify;
        try {
            co_await connection->open();
            backoff.reset();
        } catch (const std::exception& failure) {
            self->last_failure = failure.what();
            connection->close();
        }
        if (connection->is_open()) {
            spawn(self->io, "db_listen", subscribe(connection, to, std::exchange(again, true)));
            co_await Connection::receive(connection);
        }
        const auto pause = backoff.next();
        self->complain(pause);
        co_await self->pause(pause);
    }
}

// ---- the public face ----

Database::Database(asio::io_context& io, Options options)
    : impl_(std::make_shared<Impl>(io, std::move(options))) {
    impl_->start();
}

Database::~Database() { stop(); }

void Database::stop() {
    if (!impl_->stopped) impl_->stop();
}

bool Database::is_up() const { return impl_->is_up(); }

Task<> Database::ready(std::chrono::milliseconds patience) {
    const auto impl = impl_;
    const auto until = Timer::clock_type::now() + patience;
    while (!impl->is_up()) {
        if (impl->stopped || Timer::clock_type::now() >= until) {
            throw Unavailable("Postgres cannot be reached: " + impl->last_failure);
        }
        co_await impl->pause(5ms);
    }
}

Task<Rows> Database::run(Statement statement, Params params) {
    const auto impl = impl_;
    std::vector<Command> unit = impl->as_unit(std::nullopt);
    unit.push_back({statement, std::move(params)});
    co_return co_await impl->run(std::move(unit));
}

Task<Rows> Database::run_as(Identity identity, Statement statement, Params params) {
    const auto impl = impl_;
    std::vector<Command> unit = impl->as_unit(std::move(identity));
    unit.push_back({statement, std::move(params)});
    co_return co_await impl->run(std::move(unit));
}

Task<> Database::run_transaction(std::optional<Identity> identity,
                                 std::function<Task<bool>(Tx&)> body) {
    const auto impl = impl_;
    // Conflicts clear at once; a server that restarts needs a second or two.
    Backoff after_conflict(10ms, 200ms);
    Backoff after_loss(100ms, 1'000ms);
    for (int retries = 0;; ++retries) {
        std::optional<Failure> failure;
        try {
            co_await impl->attempt(identity, body);
            co_return;
        } catch (const Failure& caught) {
            if (!caught.retryable() || retries == transaction_retries_max || impl->stopped) throw;
            failure = caught;
        }
        metrics::count("db_transaction_retries_total", {
                                                           {"sqlstate", failure->sqlstate}
        });
        const bool conflict = failure->sqlstate.starts_with("40");
        co_await impl->pause(conflict ? after_conflict.next() : after_loss.next());
    }
}

void Database::listen(std::string url, std::string channel,
                      std::function<void(std::string_view)> on_notify) {
    // The channel's name becomes part of a statement: LISTEN takes no parameter.
    PD_ASSERT(channel.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
              std::string::npos);
    const std::size_t index = impl_->listeners.size();
    impl_->listeners.emplace_back();
    Subscription to{std::move(url), std::move(channel), std::move(on_notify)};
    spawn(impl_->io, "db_listen", Impl::keep_listening(impl_, index, std::move(to)));
}

}  // namespace paydesk::db
