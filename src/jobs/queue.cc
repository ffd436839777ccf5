#include "jobs/queue.h"

#include <algorithm>
#include <random>

#include "base/assert.h"
#include "base/json.h"

namespace paydesk::jobs {

namespace {

const db::Statement enqueue_job{
    "jobs_enqueue",
    R"(insert into paydesk.jobs (kind, payload, run_at, unique_key, max_attempts)
       values ($1, $2, $3, $4, $5)
       on conflict (kind, unique_key)
           where unique_key is not null and status in ('queued', 'running') do nothing
       returning id)"};

// One whose key has a live successor stays dead: the successor does its work.
const db::Statement requeue_all_dead{"jobs_requeue_dead",
                                     R"(update paydesk.jobs j
       set status = 'queued', attempts = 0, run_at = $2, finished_at = null, locked_until = null
       where j.status = 'dead' and ($1 = '' or j.kind = $1)
         and (j.unique_key is null
              or (j.id = (select d.id from paydesk.jobs d
                          where d.kind = j.kind and d.unique_key = j.unique_key
                            and d.status = 'dead' order by d.created_at desc, d.id limit 1)
                  and not exists (select from paydesk.jobs l
                                  where l.kind = j.kind and l.unique_key = j.unique_key
                                    and l.status in ('queued', 'running')))))"};

const db::Statement requeue_one{"jobs_requeue",
                                R"(update paydesk.jobs j
       set status = 'queued', attempts = 0, run_at = $2, finished_at = null, locked_until = null
       where j.id = $1::uuid and j.status in ('dead', 'queued')
         and not exists (select from paydesk.jobs l
                         where l.kind = j.kind and l.unique_key = j.unique_key and l.id <> j.id
                           and l.status in ('queued', 'running'))
       returning j.id)"};

constexpr std::int64_t back_off_first_ms = 1'000;
constexpr std::int64_t back_off_max_ms = 3'600'000;

}  // namespace

Task<bool> enqueue(db::Tx& tx, NewJob job) {
    const auto rows = co_await tx.run(
        enqueue_job, {job.kind, storable(json::value(std::move(job.payload))),
                      db::param(job.run_at), job.unique_key, db::param(job.attempts_max)});
    co_return !rows.empty();
}

std::chrono::milliseconds back_off(std::int64_t attempts, int jitter_thousandths) {
    PD_ASSERT(attempts >= 1);
    PD_ASSERT(jitter_thousandths >= 0 && jitter_thousandths <= 1'000);
    const auto doublings = std::min<std::int64_t>(attempts - 1, 20);
    const auto whole = std::min(back_off_first_ms << doublings, back_off_max_ms);
    return std::chrono::milliseconds(whole / 2 + whole / 2 * jitter_thousandths / 1'000);
}

std::chrono::milliseconds back_off(std::int64_t attempts) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return back_off(attempts, std::uniform_int_distribution<int>(0, 1'000)(random));
}

Task<std::size_t> requeue_dead(db::Database& db, std::string kind, Instant now) {
    const auto rows = co_await db.run(requeue_all_dead, {std::move(kind), db::param(now)});
    co_return rows.affected();
}

Task<std::size_t> requeue_dead(db::Tx& tx, std::string kind, Instant now) {
    const auto rows = co_await tx.run(requeue_all_dead, {std::move(kind), db::param(now)});
    co_return rows.affected();
}

Task<bool> requeue(db::Tx& tx, std::string id, Instant now) {
    const auto rows = co_await tx.run(requeue_one, {std::move(id), db::param(now)});
    co_return !rows.empty();
}

}  // namespace paydesk::jobs
