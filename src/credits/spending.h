#pragma once
// Consume, hold, settle, release: what people and services do with their credits, many at once.
//
//     request ──▶ Spending::run ── group commit ──▶ lock, load ──▶ Ledger decides ──▶ save ──▶ answer
//
// Requests that arrive while a commit runs are decided together, in their order, in the next one: one
// transaction of two round trips for hundreds of accounts, or for hundreds of requests of one.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/ids.h"
#include "base/task.h"
#include "credits/ledger.h"
#include "credits/low.h"
#include "db/database.h"

namespace paydesk::credits {

// Requests that wait for their commit; beyond it they are told to come back.
inline constexpr std::size_t spending_queue_max = 4'096;
inline constexpr std::size_t description_bytes_max = 500;
inline constexpr std::chrono::seconds hold_lifetime_default{15 * 60};
inline constexpr std::chrono::seconds hold_lifetime_max{7 * 24 * 3600};

struct ConsumeRequest {
    std::int64_t amount;
    std::string description;
};
struct HoldRequest {
    std::int64_t amount;
    std::string description;
    std::chrono::seconds lifetime = hold_lifetime_default;
};
struct SettleRequest {
    std::string hold;
    std::optional<std::int64_t> amount = {};  // all of it
    std::optional<std::string> description = {};
};
struct ReleaseRequest {
    std::string hold;
};
// Nothing but what time has done: the free month of somebody who looks at their balance.
struct LookRequest {};

struct Request {
    AccountId account;
    std::variant<ConsumeRequest, HoldRequest, SettleRequest, ReleaseRequest, LookRequest> what;
    std::optional<Key> key = {};
    // A new account gets the free plan's credits. Not for anonymous sign-ins, which cost nothing to make.
    bool gives_free = true;
};

struct Answer {
    bool replayed = false;  // what the key's first request was told
    std::optional<Refusal> refusal = {};
    Transaction transaction = {};   // of a success; empty for LookRequest
    std::optional<Hold> hold = {};  // as it is after the transaction
};

// Not thread-safe; of the io_context's thread.
class Spending {
public:
    // The arguments outlive it; no run() may be under way when it dies. Who runs low is told (low.h).
    Spending(asio::io_context& io, db::Database& db, const Clock& clock,
             std::int64_t low_percent = low_percent_default);
    ~Spending();

    // Books the request, or says why not.
    //
    // ENSURES: what it answers is committed. The balance never goes below zero, whoever else spends.
    //          The same key gives the same answer: a success for ever, a refusal for a day.
    //
    // Refuses with insufficient_credits (402), not_found, hold_ended, invalid_input, and
    // idempotency_key_reused where the key came with another request.
    // Throws Unavailable: whether it is booked is unknown; with its key the request may be sent again.
    Task<Answer> run(Request request);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace paydesk::credits
