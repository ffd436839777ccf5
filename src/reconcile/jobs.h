#pragma once
// The schedule: missed events every hour, all objects and what meters counted once a day.
//
// A run is bounded by its job's lease; a sweep that isn't through goes on at the job's next turn, so that
// a large account is swept in many short runs.

#include "jobs/runner.h"
#include "reconcile/reconciler.h"

namespace paydesk::reconcile {

struct Schedule {
    int requests_max = requests_max_default;  // of one run
    std::chrono::hours objects_period{24};
};

inline constexpr const char* events_job_kind = "reconcile_events";
inline constexpr std::chrono::hours events_job_period{1};
inline constexpr const char* objects_job_kind = "reconcile_objects";
inline constexpr std::chrono::minutes objects_job_period{10};
inline constexpr const char* usage_job_kind = "reconcile_usage";
inline constexpr std::chrono::minutes usage_job_period{10};
// An event so young may still be under way to us.
inline constexpr std::chrono::minutes delivery_grace{5};
// A run ends so long before its lease does: its last page and fetches must fit in.
inline constexpr std::chrono::seconds lease_margin{25};

// `reconciler` outlives the handlers.
jobs::Handler events_job(Reconciler& reconciler, Schedule schedule);
jobs::Handler objects_job(Reconciler& reconciler, Schedule schedule);
jobs::Handler usage_job(Reconciler& reconciler, Schedule schedule);

}  // namespace paydesk::reconcile
