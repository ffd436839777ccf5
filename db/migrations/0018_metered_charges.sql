-- 0018_metered_charges: usage that the provider's meters charge, and what comes too late for any invoice.
--
-- Why     A metered price belongs on the subscription, so checkout must know it. An event that comes after its period
--         was rated, and before the invoice is final, is on no invoice: it is flagged as late, and nothing slips
--         between the two. A limit that was passed is told also where the server died before it told.
-- Locks   meters, reconciliations, usage_reports: ACCESS EXCLUSIVE for a moment. usage_totals: ACCESS EXCLUSIVE until its index is built (a row for each account, metric and period).
-- Undo    drop table paydesk.usage_prices; drop trigger late_is_flagged on paydesk.usage_totals; drop function
--         paydesk.refuse_unflagged_usage(); drop index paydesk.usage_totals_watched;
--         alter table paydesk.usage_totals drop charged_at; alter table paydesk.meters drop record_prices; the constraints
--         reconciliations_mode without 'usage', usage_reports_status without 'elsewhere'.

-- What the provider charges for a metric on a plan: a metered price at its meter, one for each billing cycle.
create table paydesk.usage_prices (
    plan_key            text        not null,
    metric              text        not null,
    billing_cycle       text        not null,
    currency            char(3)     not null,
    provider            text        not null,
    provider_price_id   text        not null,
    provider_product_id text        not null,
    lookup_key          text        not null,
    is_active           boolean     not null default true,
    created_at          timestamptz not null default now(),

    primary key (provider, provider_price_id),
    constraint usage_prices_billing_cycle check (billing_cycle in ('monthly', 'yearly')),
    constraint usage_prices_currency check (currency ~ '^[a-z]{3}$')
);
create unique index usage_prices_one_active
    on paydesk.usage_prices (plan_key, metric, billing_cycle, currency, provider) where is_active;
call paydesk.protect('usage_prices', 'select, insert, update', service_reads => false);

-- Where the account is pinned to a version before meters: the prices whose subscription items take usage records.
alter table paydesk.meters add column record_prices text[] not null default '{}';

-- When the period's usage was rated for its invoice.
alter table paydesk.usage_totals add column charged_at timestamptz;
update paydesk.usage_totals t set charged_at = c.created_at
from paydesk.usage_charges c
where c.account_id = t.account_id and c.metric = t.metric and c.period_start = t.period_start;

-- An event that began to be counted before its period was rated, and comes to add to it after: counted anew, it is
-- flagged as late. The sink and consumption try again on this error.
create function paydesk.refuse_unflagged_usage() returns trigger
language plpgsql set search_path = '' as $$
begin
    raise exception 'usage of % was rated meanwhile', new.metric using errcode = 'serialization_failure';
end $$;
revoke execute on function paydesk.refuse_unflagged_usage() from public, anon, authenticated, service_role;
create trigger late_is_flagged before update of events on paydesk.usage_totals
    for each row when (old.charged_at is not null
                       and new.events - old.events <> new.late_events - old.late_events)
    execute function paydesk.refuse_unflagged_usage();

-- elsewhere: what a former billing code has told the provider of usage that was taken over; not ours to tell again.
alter table paydesk.usage_reports drop constraint usage_reports_status,
    add constraint usage_reports_status check (status in ('pending', 'sent', 'refused', 'elsewhere'));

-- usage: what was used against what the provider's meters counted.
alter table paydesk.reconciliations drop constraint reconciliations_mode,
    add constraint reconciliations_mode check (mode in ('events', 'objects', 'usage'));

-- Periods under way whose limits may yet be passed: what a crash left untold is looked for among those.
create index usage_totals_watched on paydesk.usage_totals (period_end) where notified_percent < 100;
