-- 0003_usage_records: what a user has used, with the tutorials' table and column names (metric_name and metric,
-- billing_period_start, synced_to_stripe, reported_to_stripe). Only with `paydesk migrate --public-views`; may be
-- run again.
--
-- Why     See 0001. The rows are the server's: writing goes through POST /api/stripe/track-usage.
-- Locks   None on tables.
-- Undo    drop view public.usage_records.

do $$
begin
    if exists (select from pg_class c
               where c.relnamespace = 'public'::regnamespace and c.relname = 'usage_records'
                 and obj_description(c.oid, 'pg_class') is distinct from 'Paydesk view') then
        raise exception 'this is in the way of Paydesk''s views and is not its own: public.usage_records'
            using errcode = 'duplicate_table',
                  hint = 'Nothing was changed. Rename it (alter table public.usage_records rename to '
                         'usage_records_old) or migrate without --public-views.';
    end if;
end $$;

-- synced_to_stripe: all that was used in the record's hour has been reported; stripe_usage_record_id is the
-- identifier of the first report that covers it.
create or replace view public.usage_records with (security_invoker = true) as
select r.idempotency_key as id, r.account_id as user_id, p.provider_subscription_id as stripe_subscription_id,
       p.provider_subscription_id as subscription_id, r.metric as metric_name, r.metric, r.quantity,
       r.occurred_at as "timestamp", r.period_start as billing_period_start, r.period_end as billing_period_end,
       coalesce(h.is_reported and s.identifier is not null, false) as synced_to_stripe,
       coalesce(h.is_reported and s.identifier is not null, false) as reported_to_stripe,
       s.identifier as stripe_usage_record_id, r.metadata, r.received_at as created_at
from paydesk.usage_records r
left join paydesk.usage_periods p on p.account_id = r.account_id and p.starts_at = r.period_start
left join paydesk.usage_hours h on h.account_id = r.account_id and h.metric = r.metric
    and h.hour = date_trunc('hour', r.occurred_at, 'UTC') and h.period_start = r.period_start
left join lateral (
    select u.identifier from paydesk.usage_reports u
    where u.account_id = r.account_id and u.metric = r.metric and u.hour = h.hour
      and u.period_start = r.period_start and u.sent_at >= r.received_at
    order by u.sequence limit 1) s on true;

comment on view public.usage_records is 'Paydesk view';
revoke all on public.usage_records from public, anon, authenticated, service_role;
grant select on public.usage_records to service_role, authenticated;
