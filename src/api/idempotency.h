#pragma once
// The Idempotency-Key header of every POST that costs, in one place. No route and no use case sees
// the key.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "db/database.h"
#include "http/message.h"

namespace paydesk::api {

inline constexpr std::size_t idempotency_key_bytes_max = 255;
// After this a key whose request never ended may be taken up again: the node died.
inline constexpr std::chrono::seconds idempotency_lease{90};
inline constexpr std::chrono::hours idempotency_kept{24};

// Runs `work` at most once for (account, key) and gives its response, now and on every repetition
// (with Idempotency-Replayed: true). Without the header it just runs it.
//
// The work calls a provider, so it cannot share one transaction with the key (law 4): the key is
// taken in one, the response stored in another. What dies in between leaves a key whose lease runs out;
// then the work runs again, which is safe because its own intent makes the second run a repetition.
// Answers 429 and 5xx are not kept: the same key may try again. Exceptions keep nothing either.
//
// Refuses with invalid_input (a key that is empty, too long or not printable ASCII),
// idempotency_key_reused (it came with another body or path), idempotency_key_in_use (with Retry-After).
Task<http::Response> once(db::Database& db, const Clock& clock, AccountId account,
                          const http::Request& request, std::function<Task<http::Response>()> work);

// The parts of it, for the routes whose use case keeps the key itself (credits).
// The key that the request carries, or none. Refuses with invalid_input, as above.
Result<std::optional<std::string>> idempotency_key(const http::Request& request);
// What the request asks for, as hex of a SHA-256.
std::string request_sha256(const http::Request& request);

// Removes keys that are no longer kept. A job runs it.
Task<> sweep_idempotency_keys(db::Database& db, Instant now);

}  // namespace paydesk::api
