#include "api/idempotency.h"

#include <algorithm>

#include "api/problem.h"
#include "base/crypto.h"
#include "http/server.h"

namespace paydesk::api {
namespace {

// Takes the key where it is new, expired, or left behind by a node that died.
constexpr db::Statement take_key{"idempotency_take", R"(
    insert into paydesk.idempotency_keys as k
        (account_id, key, request_sha256, method, path, locked_until, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $7, $6, $8)
    on conflict (account_id, key) do update set
        request_sha256 = excluded.request_sha256, method = excluded.method, path = excluded.path,
        status = 'in_progress', response_status = null, response_headers = null,
        response_body = null, locked_until = excluded.locked_until,
        created_at = excluded.created_at, expires_at = excluded.expires_at
    where k.expires_at <= $6
       or (k.status = 'in_progress' and k.locked_until <= $6
           and k.request_sha256 = excluded.request_sha256)
    returning key)"};

constexpr db::Statement find_key{"idempotency_find", R"(
    select request_sha256 = $3 as same_request, status, response_status, response_headers, response_body
    from paydesk.idempotency_keys where account_id = $1 and key = $2)"};

// Only the holder of the lease may end it.
constexpr db::Statement store_response{"idempotency_store", R"(
    update paydesk.idempotency_keys
    set status = 'done', response_status = $4, response_headers = $5, response_body = $6,
        locked_until = null
    where account_id = $1 and key = $2 and status = 'in_progress' and locked_until = $3)"};

constexpr db::Statement release_key{"idempotency_release", R"(
    delete from paydesk.idempotency_keys
    where account_id = $1 and key = $2 and status = 'in_progress' and locked_until = $3)"};

constexpr db::Statement sweep_keys{"idempotency_sweep", R"(
    delete from paydesk.idempotency_keys where expires_at <= $1)"};

bool is_key(std::string_view key) {
    return !key.empty() && key.size() <= idempotency_key_bytes_max &&
           std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7f; });
}

http::Response replay(const db::Rows& rows) {
    http::Response response{.status = static_cast<int>(rows.integer(0, "response_status")),
                            .body = std::string(rows.text(0, "response_body"))};
    if (response.status >= 400) response.content_type = "application/problem+json";
    response.headers.set("Idempotency-Replayed", "true");
    return response;
}

// Runs the work and keeps its answer, or gives the key back.
class Lease {
public:
    Lease(db::Database& db, AccountId account, std::string key, Instant until)
        : db_(db), account_(std::move(account)), key_(std::move(key)), until_(until) {}

    Task<http::Response> run(const std::function<Task<http::Response>()>& work) {
        std::exception_ptr failure;
        std::optional<http::Response> response;
        try {
            response = co_await work();
        } catch (...) {
            failure = std::current_exception();  // rethrown once the key is free again
        }
        if (failure) {
            co_await release();
            std::rethrow_exception(failure);
        }
        if (response->status == 429 || response->status >= 500) {
            co_await release();
        } else {
            co_await db_.run(store_response,
                             {account_.value, key_, db::param(until_), db::param(response->status),
                              std::string("{}"), response->body});
        }
        co_return std::move(*response);
    }

private:
    Task<> release() { co_await db_.run(release_key, {account_.value, key_, db::param(until_)}); }

    db::Database& db_;
    AccountId account_;
    std::string key_;
    Instant until_;
};

constexpr const char* key_rule = "must have 1 to 255 printable ASCII characters without spaces.";

}  // namespace

Result<std::optional<std::string>> idempotency_key(const http::Request& request) {
    if (!request.headers.contains("Idempotency-Key")) return std::optional<std::string>{};
    std::string key(request.headers.get("Idempotency-Key"));
    if (!is_key(key))
        return Error{ErrorCode::invalid_input, std::string("Idempotency-Key: ") + key_rule};
    return std::optional(std::move(key));
}

std::string request_sha256(const http::Request& request) {
    return to_hex(sha256(request.method + "\n" + request.path + "\n" + request.body));
}

Task<http::Response> once(db::Database& db, const Clock& clock, AccountId account,
                          const http::Request& request,
                          std::function<Task<http::Response>()> work) {
    if (!request.headers.contains("Idempotency-Key")) co_return co_await work();
    const std::string key(request.headers.get("Idempotency-Key"));
    if (!is_key(key)) {
        co_return field_problem({
            {"Idempotency-Key", key_rule}
        });
    }

    const std::string sha256 = "\\x" + request_sha256(request);
    const Instant now = clock.now(), until = now + idempotency_lease;
    const db::Rows taken = co_await db.run(
        take_key, {account.value, key, sha256, request.method, request.path, db::param(now),
                   db::param(until), db::param(now + idempotency_kept)});
    if (!taken.empty()) co_return co_await Lease(db, account, key, until).run(work);

    const db::Rows found = co_await db.run(find_key, {account.value, key, sha256});
    // Given back between the two statements, or running.
    if (found.empty() ||
        (found.boolean(0, "same_request") && found.text(0, "status") == "in_progress")) {
        auto response = refusal(
            {ErrorCode::idempotency_key_in_use,
             "A request with this Idempotency-Key is still running. Try again in a moment."});
        response.headers.set("Retry-After", "1");
        co_return response;
    }
    if (!found.boolean(0, "same_request")) {
        co_return refusal(
            {ErrorCode::idempotency_key_reused,
             "This Idempotency-Key came with another request before. Use a new key."});
    }
    co_return replay(found);
}

Task<> sweep_idempotency_keys(db::Database& db, Instant now) {
    co_await db.run(sweep_keys, {db::param(now)});
}

}  // namespace paydesk::api
