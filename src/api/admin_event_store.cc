#include "api/admin_event_store.h"

namespace paydesk::api::admin_event_store {

#define EVENT_COLUMNS                                                                        \
    "select e.event_id as id, e.provider, e.type, e.api_version, e.livemode, e.status, "     \
    "e.object_kind, nullif(e.object_id, '') as object_id, e.account_id, e.waiting_for, "     \
    "e.attempts, e.error, e.occurred_at, e.received_at, e.processed_at, "                    \
    "case when e.status in ('received', 'waiting', 'failed') then e.next_attempt_at end as " \
    "next_attempt_at "

const db::Statement list{"admin_list_events", EVENT_COLUMNS R"(
    from paydesk.webhook_events e
    where ($3::text is null or e.status = $3)
      and ($4::text is null or e.type = $4 or (right($4, 1) = '.' and starts_with(e.type, $4)))
      and ($5::text is null or e.object_id = $5) and ($6::text is null or e.provider = $6)
      and ($2::text is null or (e.received_at, e.event_id) <
           (select b.received_at, b.event_id from paydesk.webhook_events b
            where b.provider in ('stripe', 'paypal') and b.event_id = $2 limit 1))
      and ($7::interval is null or e.received_at >=
           coalesce((select b.received_at from paydesk.webhook_events b
                     where b.provider in ('stripe', 'paypal') and b.event_id = $2 limit 1), now()) - $7::interval)
    order by e.received_at desc, e.event_id desc limit $1)"};

const db::Statement event{"admin_event", EVENT_COLUMNS R"(, e.payload
    from paydesk.webhook_events e where e.provider in ('stripe', 'paypal') and e.event_id = $1 limit 1)"};

const db::Statement unfinished{"admin_unfinished_events", R"(
    select count(*) filter (where e.status = 'failed') as failed,
           count(*) filter (where e.status = 'dead') as dead,
           count(*) filter (where e.status = 'waiting') as waiting
    from paydesk.webhook_events e where e.status in ('failed', 'dead', 'waiting'))"};

}  // namespace paydesk::api::admin_event_store
