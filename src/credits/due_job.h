#pragma once
// The job that turns the ledgers of accounts to which something happens by itself: buckets take effect
// or expire, holds time out. Nobody waits for it: whoever spends or looks turns their own ledger first.

#include "base/clock.h"
#include "db/database.h"
#include "jobs/runner.h"

namespace paydesk::credits {

inline constexpr const char* due_job_kind = "turn_credits";
inline constexpr std::chrono::seconds due_job_period{30};
// As long as the first answer to any other request is kept.
inline constexpr std::chrono::hours refusals_kept{24};

// Turns all that is due at `now`. Gives how many accounts that were.
Task<std::size_t> turn_due(db::Database& db, Instant now);

// What the runner must do with due_job_kind. The arguments outlive the handler.
jobs::Handler due_job(db::Database& db, const Clock& clock);

}  // namespace paydesk::credits
