#pragma once
// jobs: the runner's SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "jobs/runner.h"

namespace paydesk::jobs::job_store {

// Leases up to `limit` jobs of these kinds that are due, or whose lease ran out, until `until`.
// Attempts are counted here: a job that kills its node each time dies too. One that has used them all
// up becomes dead and is not given.
Task<std::vector<Job>> claim(db::Database& db, std::vector<std::string> kinds, std::string node,
                             Instant now, Instant until, int limit);

// How it ended. Nothing happens when the lease was lost to another node.
Task<bool> finish(db::Tx& tx, Job job, std::string node, Instant now);
Task<> retry(db::Database& db, Job job, std::string node, std::string error, Instant run_at);
Task<> bury(db::Database& db, Job job, std::string node, std::string error, Instant now);

}  // namespace paydesk::jobs::job_store
