#include "api/admin_store.h"

namespace paydesk::api::admin_store {

const db::Statement list{"admin_list_emails", R"(
    select e.id, e.account_id, e.kind, e.recipient, e.language, e.status, e.attempts, e.error,
           e.message_id, e.fact_key, e.created_at, e.sent_at,
           case e.status when 'queued' then e.next_attempt_at end as next_attempt_at
    from paydesk.emails e
    where ($1::text is null or e.status = $1) and ($2::uuid is null or e.account_id = $2)
      and ($4::uuid is null or (e.created_at, e.id) <
           (select b.created_at, b.id from paydesk.emails b where b.id = $4))
    order by e.created_at desc, e.id desc limit $3)"};

const db::Statement reader{"admin_email_reader", R"(
    select (select x from coalesce(c.email, a.email) x where x !~ '[[:cntrl:]]') as email, a.language
    from paydesk.accounts a
    left join lateral (
        select c.email from paydesk.customers c
        where c.account_id = a.account_id and c.email is not null and c.deleted_at is null
        order by c.provider desc limit 1) c on true
    where a.account_id = $1)"};

const db::Statement audit{"admin_audit", R"(
    insert into paydesk.audit_log (account_id, actor, action, details) values ($1, $2, $3, $4))"};

const db::Statement rates{"read_exchange_rates", R"(
    select distinct on (base, quote) base, quote, rate::text as rate, source, as_of::text as as_of
    from paydesk.exchange_rates
    where ($1::text is null or base = $1) and ($2::text is null or quote = $2)
    order by base, quote, as_of desc)"};

const db::Statement save_rate{"save_exchange_rate", R"(
    insert into paydesk.exchange_rates (base, quote, as_of, rate, source)
    values ($1, $2, $3::date, $4::numeric, $5)
    on conflict (base, quote, as_of) do update set rate = excluded.rate, source = excluded.source)"};

}  // namespace paydesk::api::admin_store
