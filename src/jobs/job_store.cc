#include "jobs/job_store.h"

#include "base/assert.h"
#include "base/json.h"

namespace paydesk::jobs::job_store {

namespace {

const db::Statement claim_due{"jobs_claim",
                              R"(update paydesk.jobs j
       set status = 'running', attempts = j.attempts + 1, locked_until = $4, locked_by = $2
       from (select id from paydesk.jobs
             where ((status = 'queued' and run_at <= $3)
                    or (status = 'running' and locked_until <= $3))
               and attempts < max_attempts
               and kind in (select json_array_elements_text($1::json))
             order by run_at limit $5 for update skip locked) due
       where j.id = due.id
       returning j.id, j.kind, j.payload, j.attempts, j.max_attempts, j.run_at, j.unique_key)"};

const db::Statement bury_exhausted{"jobs_bury_exhausted",
                                   R"(update paydesk.jobs
       set status = 'dead', finished_at = $2, locked_until = null,
           last_error = coalesce(last_error, 'the node died during each attempt')
       where status = 'running' and locked_until <= $2 and attempts >= max_attempts
         and kind in (select json_array_elements_text($1::json)))"};

const db::Statement finish_job{"jobs_finish",
                               R"(update paydesk.jobs
       set status = 'done', finished_at = $3, locked_until = null, last_error = null
       where id = $1 and locked_by = $2 and status = 'running' and attempts = $4 returning id)"};

const db::Statement retry_job{"jobs_retry",
                              R"(update paydesk.jobs
       set status = 'queued', run_at = $3, locked_until = null, last_error = $4
       where id = $1 and locked_by = $2 and status = 'running' and attempts = $5)"};

const db::Statement bury_job{"jobs_bury",
                             R"(update paydesk.jobs
       set status = 'dead', finished_at = $3, locked_until = null, last_error = $4
       where id = $1 and locked_by = $2 and status = 'running' and attempts = $5)"};

constexpr std::size_t error_bytes_max = 2'000;

std::string cut(std::string error) { return without_nul(error).substr(0, error_bytes_max); }

}  // namespace

Task<std::vector<Job>> claim(db::Database& db, std::vector<std::string> kinds, std::string node,
                             Instant now, Instant until, int limit) {
    json::array names;
    for (const auto& kind : kinds) names.emplace_back(kind);
    const std::string kinds_json = json::serialize(names);
    co_await db.run(bury_exhausted, {kinds_json, db::param(now)});
    const auto rows =
        co_await db.run(claim_due, {kinds_json, std::move(node), db::param(now), db::param(until),
                                    db::param(static_cast<std::int64_t>(limit))});
    std::vector<Job> jobs;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto payload = parse_json(rows.text(i, "payload"));
        PD_ASSERT(payload.has_value());  // a jsonb column
        jobs.push_back({.id = std::string(rows.text(i, "id")),
                        .kind = std::string(rows.text(i, "kind")),
                        .payload = std::move(*payload),
                        .attempts = rows.integer(i, "attempts"),
                        .attempts_max = rows.integer(i, "max_attempts"),
                        .run_at = rows.instant(i, "run_at"),
                        .leased_until = until});
    }
    co_return jobs;
}

Task<bool> finish(db::Tx& tx, Job job, std::string node, Instant now) {
    const auto rows = co_await tx.run(
        finish_job, {job.id, std::move(node), db::param(now), db::param(job.attempts)});
    co_return !rows.empty();
}

Task<> retry(db::Database& db, Job job, std::string node, std::string error, Instant run_at) {
    co_await db.run(retry_job, {job.id, std::move(node), db::param(run_at), cut(std::move(error)),
                                db::param(job.attempts)});
}

Task<> bury(db::Database& db, Job job, std::string node, std::string error, Instant now) {
    co_await db.run(bury_job, {job.id, std::move(node), db::param(now), cut(std::move(error)),
                               db::param(job.attempts)});
}

}  // namespace paydesk::jobs::job_store
