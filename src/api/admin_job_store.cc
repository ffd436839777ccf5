#include "api/admin_job_store.h"

namespace paydesk::api::admin_job_store {

const db::Statement list{"admin_list_jobs", R"(
    select j.id, j.kind, j.account_id, s.state, j.run_at, j.attempts, j.max_attempts, j.locked_until,
           j.last_error, j.payload, j.created_at, j.finished_at
    from paydesk.jobs j
    cross join lateral (
        select case when j.status <> 'queued' then j.status when j.run_at <= $3 then 'due'
                    else 'scheduled' end as state) s
    where ($4::text is null or s.state = $4) and ($5::text is null or j.kind = $5)
      and ($2::uuid is null or (j.run_at, j.id) <
           (select b.run_at, b.id from paydesk.jobs b where b.id = $2))
    order by j.run_at desc, j.id desc limit $1)"};

const db::Statement counts{"admin_count_jobs", R"(
    select count(*) filter (where j.status = 'queued' and j.run_at <= $1) as due,
           count(*) filter (where j.status = 'queued' and j.run_at > $1) as scheduled,
           count(*) filter (where j.status = 'running') as running,
           count(*) filter (where j.status = 'dead') as dead,
           min(j.run_at) filter (where j.status = 'queued' and j.run_at <= $1) as oldest_due_at
    from paydesk.jobs j where j.status <> 'done')"};

const db::Statement job{"admin_job", R"(
    select j.kind, j.account_id, j.status from paydesk.jobs j where j.id = $1)"};

}  // namespace paydesk::api::admin_job_store
