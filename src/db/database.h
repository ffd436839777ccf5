#pragma once
// PostgreSQL for the rest of the tree: statements, rows, transactions, identities.
//
//     run()            one statement, its own transaction, on a shared pipelined connection
//     run_as()         the same as a user, under RLS: role and claims in the same round trip
//     transaction()    several statements on a connection of its own, retried as a whole
//
// Nothing here is a session's state: only transaction-scoped settings and locks, so that a
// transaction pooler may stand between (facts: no named prepared statement there, see Options).

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"

struct pg_result;

namespace paydesk::db {

// `name` is for logs, metrics and the prepared statement; unique per text. Both must be literals.
struct Statement {
    const char* name;
    const char* sql;
};

// Text format, or NULL. Numbers and instants have their own makers below; lists: array_param.h.
struct Param : std::optional<std::string> {
    using std::optional<std::string>::optional;
    Param(std::optional<std::string> text) : std::optional<std::string>(std::move(text)) {}
    bool is_binary = false;  // Postgres' binary format, of the type that the statement casts it to
};
using Params = std::vector<Param>;

Param param(std::int64_t value);
Param param(bool value);
Param param(Instant value);
Param param(std::string_view value);
Param param(const char* value);  // without it a literal would become a boolean
template <std::integral T>
    requires(std::signed_integral<T> || sizeof(T) < sizeof(std::int64_t))
Param param(T value) {
    return param(static_cast<std::int64_t>(value));
}
template <class T>
Param param(const std::optional<T>& value) {
    return value ? param(*value) : Param();
}

// The result of one statement.
class Rows {
public:
    explicit Rows(pg_result* result);

    std::size_t size() const;
    bool empty() const { return size() == 0; }
    std::size_t affected() const;  // rows inserted, updated or deleted

    // REQUIRES: row < size() and a column of that name; the typed readers: not NULL, of that type.
    bool is_null(std::size_t row, std::string_view column) const;
    std::string_view text(std::size_t row, std::string_view column) const;  // "" when NULL
    std::optional<std::string> optional_text(std::size_t row, std::string_view column) const;
    std::int64_t integer(std::size_t row, std::string_view column) const;
    bool boolean(std::size_t row, std::string_view column) const;
    Instant instant(std::size_t row, std::string_view column) const;
    std::optional<Instant> optional_instant(std::size_t row, std::string_view column) const;

private:
    int column(std::string_view name) const;
    std::shared_ptr<pg_result> result_;
    mutable int next_column_ = 0;
};

// Postgres refused or failed. What the caller can expect it catches by constraint; the rest goes up
// to the boundary.
class Failure : public Unavailable {
public:
    Failure(std::string sqlstate_, std::string constraint_, const std::string& what);
    std::string sqlstate;
    std::string constraint;  // "" where none is named

    // 40001, 40P01, 25006, 08*, 57P0*: the same transaction may succeed if it runs again.
    bool retryable() const;
    // 22*, 23*: the data is at fault; running it again cannot help.
    bool data_is_at_fault() const;
};

// Who acts. The server itself, or a person whose rows RLS then limits.
struct Identity {
    std::string role;         // "authenticated" or "anon"; any other is refused with 42501
    std::string claims_json;  // what request.jwt.claims will hold: {"sub": "...", "role": ...}
};

// Statements inside one open transaction. Not thread-safe, one statement at a time.
class Tx {
public:
    virtual ~Tx() = default;
    // Throws Failure. After a failure the transaction can only end.
    virtual Task<Rows> run(Statement statement, Params params = {}) = 0;
};

struct Options {
    std::string url;                  // libpq's connection string or URI
    int pipelines = 2;                // shared connections for run() and run_as()
    int sessions_max = 8;             // connections for transaction(), opened as needed
    bool prepared_statements = true;  // false behind a transaction pooler
    std::chrono::milliseconds statement_timeout{8'000};
    std::chrono::milliseconds acquire_timeout{5'000};  // for a session; then Unavailable
    std::size_t pipeline_depth_max = 1'000;            // units in flight; beyond: Unavailable
};

class Database {
public:
    // Connects in the background, and again whenever the server goes away (back-off 20 ms to 5 s).
    // REQUIRES: io runs on one thread.
    Database(asio::io_context& io, Options options);
    ~Database();

    // Waits until the first connection stands. Throws Unavailable with Postgres' own words.
    Task<> ready(std::chrono::milliseconds patience);
    bool is_up() const;

    // One statement in its own transaction; durable when it returns. Throws Failure. Not retried:
    // a lost connection leaves its outcome unknown.
    Task<Rows> run(Statement statement, Params params = {});

    // The same under `identity`: one round trip. The role's rights and RLS apply.
    Task<Rows> run_as(Identity identity, Statement statement, Params params = {});

    // Runs `body` in a transaction (read committed) and commits. Retries the whole of it, with
    // jittered back-off, up to 5 times when Failure::retryable(); so the body must be idempotent
    // and may not call a provider (design, law 4). A refusal (Result with an error) rolls back; so
    // does a Failure that the body swallowed: it is thrown again instead of committing.
    template <class Body>
    auto transaction(Body body) -> std::invoke_result_t<Body, Tx&> {
        return transaction_as(std::nullopt, std::move(body));
    }

    // The same with role and claims set for this transaction only.
    template <class Body>
    auto transaction_as(std::optional<Identity> identity, Body body)
        -> std::invoke_result_t<Body, Tx&>;

    // Wakes `on_notify(payload)` for NOTIFY `channel`, on a connection of its own to `url` (session
    // mode). A hint only: poll as well. After a reconnection it wakes with an empty payload: nobody
    // knows what was missed.
    void listen(std::string url, std::string channel,
                std::function<void(std::string_view)> on_notify);

    void stop();

private:
    class Impl;
    // Type-erased core of transaction(): `attempt` returns true to commit, false to roll back.
    Task<> run_transaction(std::optional<Identity> identity,
                           std::function<Task<bool>(Tx&)> attempt);
    std::shared_ptr<Impl> impl_;
};

namespace detail {
template <class T>
bool keeps(const T& value) {
    if constexpr (requires { value.has_error(); })
        return !value.has_error();
    else
        return true;
}
template <class T>
struct task_value;
template <class T, class E>
struct task_value<asio::awaitable<T, E>> {
    using type = T;
};
}  // namespace detail

template <class Body>
auto Database::transaction_as(std::optional<Identity> identity, Body body)
    -> std::invoke_result_t<Body, Tx&> {
    using T = typename detail::task_value<std::invoke_result_t<Body, Tx&>>::type;
    if constexpr (std::is_void_v<T>) {
        co_await run_transaction(std::move(identity), [&body](Tx& tx) -> Task<bool> {
            co_await body(tx);
            co_return true;
        });
    } else {
        std::optional<T> value;
        co_await run_transaction(std::move(identity), [&body, &value](Tx& tx) -> Task<bool> {
            value.emplace(co_await body(tx));
            co_return detail::keeps(*value);
        });
        co_return std::move(*value);
    }
}

}  // namespace paydesk::db
