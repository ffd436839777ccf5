#pragma once
// The work queue in Postgres: a job is a row, written in the transaction of what it is for, so it
// exists exactly when that has happened. runner.h runs them.
//
//     enqueue ──▶ queued ── claim, lease ──▶ running ──▶ done
//                   ▲                          │
//                   └── back-off, jitter ──────┴──▶ dead (attempts_max; an operator may requeue)

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "db/database.h"

namespace paydesk::jobs {

inline constexpr std::int64_t attempts_max_default = 10;

struct NewJob {
    std::string kind;
    boost::json::object payload;
    Instant run_at;
    // At most one unfinished job per (kind, unique_key); a second is not added.
    std::optional<std::string> unique_key = {};
    std::int64_t attempts_max = attempts_max_default;
};

// Adds a job in the caller's transaction. False when an unfinished one with its key is there already.
Task<bool> enqueue(db::Tx& tx, NewJob job);

// The wait before attempt number `attempts` + 1: 1 s doubling to 1 h, times 0.5 to 1 by `jitter`
// (thousandths), so that jobs that failed together do not come back together.
// REQUIRES: attempts >= 1, 0 <= jitter <= 1000.
std::chrono::milliseconds back_off(std::int64_t attempts, int jitter_thousandths);
// The same with a random jitter.
std::chrono::milliseconds back_off(std::int64_t attempts);

// Puts dead jobs of `kind` (all kinds when empty) back into the queue, attempts at zero.
// Gives how many.
Task<std::size_t> requeue_dead(db::Database& db, std::string kind, Instant now);
// The same in the caller's transaction.
Task<std::size_t> requeue_dead(db::Tx& tx, std::string kind, Instant now);

// One job: a dead one as above, a queued one becomes due. False when it is neither, or when another unfinished job
// has its unique key.
Task<bool> requeue(db::Tx& tx, std::string id, Instant now);

}  // namespace paydesk::jobs
