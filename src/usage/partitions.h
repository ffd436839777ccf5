#pragma once
// usage_records is one partition a day: made ahead, and dropped when nobody can need it any more.

#include "base/clock.h"
#include "jobs/runner.h"
#include "usage/event.h"

namespace paydesk::usage {

inline constexpr const char* partitions_job_kind = "usage_partitions";
inline constexpr std::chrono::hours partitions_job_period{1};
inline constexpr std::chrono::days partitions_ahead{7};
// Records are kept at least so long, and until their period is invoiced; roll-ups are kept for ever.
inline constexpr std::chrono::days keep_default{90};

struct Retention {
    std::chrono::days past_max = past_max_default;  // events are accepted so far back
    std::chrono::days keep = keep_default;
};

// Makes the days from `first` to `last` that are not there. Two callers queue. Gives how many it made.
Task<std::int64_t> make_partitions(db::Database& db, Instant first, Instant last);
Task<std::int64_t> make_partitions(db::Tx& tx, Instant first, Instant last);

// The days of the accepted window and partitions_ahead.
Task<> make_partitions_ahead(db::Database& db, Instant now, Retention retention);

// Drops what is older than keep and past_max and invoiced: paydesk.drop_usage_partitions() decides. Gives how many.
Task<std::int64_t> drop_partitions(db::Database& db, Instant now, Retention retention);

// Both, as the runner wants it. The arguments outlive the handler.
jobs::Handler partitions_job(db::Database& db, const Clock& clock, Retention retention);

}  // namespace paydesk::usage
