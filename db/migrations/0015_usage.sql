-- 0015_usage: usage-based billing: what was used, what that adds up to, what was told to the provider.
--
-- Why     An event is counted once for ever and is durable before it is acknowledged; what it adds to is
--         written by the same statement, so nobody ever has to scan events. Old events can go, because
--         one that is older than the accepted window is refused: its key cannot come back.
-- Locks   plans: a column with a constant default. subscriptions, invoices: a trigger each, ACCESS
--         EXCLUSIVE for a moment; invoices: SHARE while the index of drafts is built. Else new tables only. The periods of live subscriptions are taken over.
-- Undo    drop trigger usage_periods on paydesk.subscriptions; drop trigger usage_invoiced on paydesk.invoices;
--         drop index paydesk.invoices_of_drafts;
--         drop schema paydesk_usage cascade; drop table paydesk.usage_charges, paydesk.usage_reports,
--         paydesk.usage_totals, paydesk.usage_hours, paydesk.usage_uniques, paydesk.usage_undated_keys,
--         paydesk.usage_records, paydesk.usage_periods, paydesk.meters; drop function
--         paydesk.keep_usage_periods(), paydesk.mark_usage_invoiced(), paydesk.make_usage_partitions(date, date),
--         paydesk.drop_usage_partitions(date); alter table paydesk.plans drop usage;

-- metric -> {"model", "included", "price", "per", "tiers", "limit"}: what a plan charges for usage.
alter table paydesk.plans add column usage jsonb not null default '{}',
    add constraint plans_usage_is_an_object check (jsonb_typeof(usage) = 'object');

-- What is counted. `event_name` and `provider_meter_id` name the provider's meter, where one is charged by.
create table paydesk.meters (
    metric            text        primary key,
    name              text        not null,
    unit              text        not null default '',
    aggregation       text        not null,
    charge            text        not null default 'none',
    event_name        text,
    provider_meter_id text,
    is_active         boolean     not null default true,
    updated_at        timestamptz not null default now(),

    constraint meters_aggregation check (aggregation in ('sum', 'count', 'max', 'last', 'unique')),
    constraint meters_charge check (charge in ('none', 'meter', 'invoice_item'))
);

-- The billing periods of subscriptions, as they were: what an event's time falls into. Written by the trigger
-- below whenever a subscription's period changes, and never by anything else. Who has none is counted by
-- calendar months.
create table paydesk.usage_periods (
    account_id               uuid        not null,
    starts_at                timestamptz not null,
    subscription_id          uuid        not null,  -- subscriptions.id
    ends_at                  timestamptz not null,
    provider                 text        not null,
    provider_subscription_id text        not null,
    plan_key                 text        not null,  -- the plan last seen in it: a change counts for all of it
    renews                   boolean     not null,  -- what is used after it belongs to a next one, told or not
    invoiced_at              timestamptz,           -- its invoice is final: what comes later is late
    updated_at               timestamptz not null default now(),

    primary key (account_id, starts_at, subscription_id),
    constraint usage_periods_not_empty check (ends_at > starts_at)
);

-- Every event. `day` is that of occurred_at in UTC: key and day are one identity. Partitions are in schema
-- paydesk_usage, one a day, which nobody but the owner may enter.
create table paydesk.usage_records (
    account_id      uuid        not null,
    idempotency_key text        not null,
    day             date        not null,
    metric          text        not null,
    quantity        numeric     not null,
    unique_value    text,                  -- of a metric that counts distinct values
    occurred_at     timestamptz not null,
    received_at     timestamptz not null,
    period_start    timestamptz not null,
    period_end      timestamptz not null,
    plan_key        text,                  -- NULL: no subscription then, the free plan
    is_late         boolean     not null,  -- its period had been invoiced when it came
    metadata        jsonb,

    primary key (account_id, idempotency_key, day),
    constraint usage_records_quantity check (quantity > -1e26 and quantity < 1e26),  -- NaN is above all
    constraint usage_records_day check (day = (occurred_at at time zone 'UTC')::date),
    constraint usage_records_period check (occurred_at >= period_start and occurred_at < period_end),
    constraint usage_records_key_length check (length(idempotency_key) between 1 and 255)
) partition by range (day);
create schema paydesk_usage;
revoke all on schema paydesk_usage from public, anon, authenticated, service_role;

-- Keys that came without a time of their own, for ever: nothing else says to which day they belong.
create table paydesk.usage_undated_keys (
    account_id      uuid not null,
    idempotency_key text not null,
    day             date not null,

    primary key (account_id, idempotency_key)
);

-- The distinct values of a period, for metrics that count them.
create table paydesk.usage_uniques (
    account_id   uuid        not null,
    metric       text        not null,
    period_start timestamptz not null,
    unique_value text        not null,

    primary key (account_id, metric, period_start, unique_value)
);

-- What the events of an hour add up to; an hour in which a period ends is two rows. is_reported: the provider
-- knows all of it, or need not.
create table paydesk.usage_hours (
    account_id   uuid        not null,
    metric       text        not null,
    hour         timestamptz not null,
    period_start timestamptz not null,
    events       bigint      not null,
    quantity     numeric     not null,  -- the sum
    maximum      numeric     not null,
    last_value   numeric,               -- of a metric that counts the last one
    last_at      timestamptz,
    uniques      bigint      not null default 0,  -- values not seen before in this period
    is_reported  boolean     not null,

    primary key (account_id, metric, hour, period_start)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index usage_hours_unreported on paydesk.usage_hours (hour) where not is_reported;

-- What the events of a billing period add up to.
create table paydesk.usage_totals (
    account_id       uuid        not null,
    metric           text        not null,
    period_start     timestamptz not null,
    period_end       timestamptz not null,
    plan_key         text,
    events           bigint      not null,
    quantity         numeric     not null,
    maximum          numeric     not null,
    last_value       numeric,
    last_at          timestamptz,
    uniques          bigint      not null default 0,
    late_events      bigint      not null default 0,
    notified_percent smallint    not null default 0,  -- of the limit, that the user was told of

    primary key (account_id, metric, period_start)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02);

-- What was reported to the provider's meter, and under which identifier. A row is the intent: pending until
-- the provider has answered; sent again it carries the same identifier and the same quantity.
create table paydesk.usage_reports (
    account_id   uuid        not null,
    metric       text        not null,
    hour         timestamptz not null,
    period_start timestamptz not null,
    sequence     integer     not null,
    provider     text        not null,
    identifier   text        not null,
    quantity     numeric     not null,
    occurred_at  timestamptz not null,  -- the time that the provider is told
    status       text        not null default 'pending',
    error        text,
    created_at   timestamptz not null,
    sent_at      timestamptz,

    primary key (account_id, metric, hour, period_start, sequence),
    constraint usage_reports_once unique (account_id, identifier),
    constraint usage_reports_status check (status in ('pending', 'sent', 'refused')),
    constraint usage_reports_sent_is_dated check ((status = 'sent') = (sent_at is not null))
);
create index usage_reports_pending on paydesk.usage_reports (created_at) where status = 'pending';

-- What a period's usage costs where we rate it, and the line on the provider's invoice that it became.
create table paydesk.usage_charges (
    account_id          uuid        not null,
    metric              text        not null,
    period_start        timestamptz not null,
    period_end          timestamptz not null,
    provider            text        not null,
    provider_invoice_id text        not null,
    provider_item_id    text,
    quantity            numeric     not null,
    amount              bigint      not null,
    currency            char(3)     not null,
    description         text        not null,
    status              text        not null default 'pending',
    error               text,
    created_at          timestamptz not null,
    charged_at          timestamptz,

    primary key (account_id, metric, period_start),
    constraint usage_charges_status check (status in ('pending', 'charged', 'refused')),
    constraint usage_charges_charged check ((status = 'charged') = (charged_at is not null)),
    constraint usage_charges_currency check (currency ~ '^[a-z]{3}$'),
    constraint usage_charges_amount_not_negative check (amount >= 0)
);

create index usage_charges_pending on paydesk.usage_charges (account_id, created_at) where status = 'pending';
-- A renewal's invoice is a draft for an hour: what is to be charged is looked for among those.
create index invoices_of_drafts on paydesk.invoices (account_id, created_at) where status = 'draft';

call paydesk.protect('meters', 'select, insert, update', service_reads => true);
call paydesk.protect('usage_periods', 'select, insert, update', service_reads => true);
call paydesk.protect('usage_records', 'select, insert', service_reads => true);
call paydesk.protect('usage_undated_keys', 'select, insert', service_reads => false);
call paydesk.protect('usage_uniques', 'select, insert', service_reads => false);
call paydesk.protect('usage_hours', 'select, insert, update', service_reads => true);
call paydesk.protect('usage_totals', 'select, insert, update', service_reads => true);
call paydesk.protect('usage_reports', 'select, insert, update', service_reads => true);
call paydesk.protect('usage_charges', 'select, insert, update', service_reads => true);

grant select on paydesk.meters to anon, authenticated;
create policy everyone on paydesk.meters for select to anon, authenticated using (true);
grant select on paydesk.usage_periods, paydesk.usage_records, paydesk.usage_hours, paydesk.usage_totals,
    paydesk.usage_reports, paydesk.usage_charges to authenticated;
create policy own on paydesk.usage_periods for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
-- For drop_usage_partitions(), which looks at them as their owner.
create policy owner on paydesk.usage_periods for select to current_user using (true);
create policy own on paydesk.usage_records for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.usage_hours for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.usage_totals for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.usage_reports for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy own on paydesk.usage_charges for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));

create trigger append_only before update or delete or truncate on paydesk.usage_records
    for each statement execute function paydesk.refuse_change();
create trigger kept before delete or truncate on paydesk.usage_totals
    for each statement execute function paydesk.refuse_removal();
create trigger kept before delete or truncate on paydesk.usage_reports
    for each statement execute function paydesk.refuse_removal();
create trigger kept before delete or truncate on paydesk.usage_charges
    for each statement execute function paydesk.refuse_removal();
create trigger touch before update on paydesk.meters
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.usage_periods
    for each row execute function paydesk.touch_updated_at();

-- A subscription's period as it is told becomes a row; a period that is cut short (the subscription ended, or
-- its anchor moved) ends there, so that none overlaps the next. An order of telling in which the older comes
-- later does not matter: subscriptions only ever hold the newest snapshot.
create function paydesk.keep_usage_periods() returns trigger
language plpgsql set search_path = '' as $$
declare
    until timestamptz := least(new.current_period_end, new.ended_at);
    does_renew boolean := new.status in ('active', 'trialing', 'past_due') and new.ended_at is null
                      and not new.cancel_at_period_end
                      and coalesce(new.cancel_at > new.current_period_end, true);
begin
    if new.plan_family <> 'main' or new.plan_key is null or new.current_period_start is null
       or new.status in ('incomplete', 'incomplete_expired') then
        return null;
    end if;
    update paydesk.usage_periods p set ends_at = new.current_period_start
    where p.account_id = new.account_id and p.subscription_id = new.id
      and p.starts_at < new.current_period_start and p.ends_at > new.current_period_start;
    if until > new.current_period_start then
        insert into paydesk.usage_periods (account_id, starts_at, subscription_id, ends_at, provider,
                                           provider_subscription_id, plan_key, renews)
        values (new.account_id, new.current_period_start, new.id, until, new.provider,
                new.provider_subscription_id, new.plan_key, does_renew)
        on conflict (account_id, starts_at, subscription_id) do update
            set ends_at = excluded.ends_at, plan_key = excluded.plan_key, renews = excluded.renews
            where (usage_periods.ends_at, usage_periods.plan_key, usage_periods.renews)
                  <> (excluded.ends_at, excluded.plan_key, excluded.renews);
    end if;
    return null;
end $$;
create trigger usage_periods after insert or update of current_period_start, current_period_end, ended_at,
    plan_key, status, cancel_at, cancel_at_period_end on paydesk.subscriptions
    for each row execute function paydesk.keep_usage_periods();

-- The final invoice of a period: what is used in it from now on is late.
create function paydesk.mark_usage_invoiced() returns trigger
language plpgsql set search_path = '' as $$
begin
    update paydesk.usage_periods p set invoiced_at = now()
    where p.account_id = new.account_id and p.provider = new.provider
      and p.provider_subscription_id = new.provider_subscription_id
      and p.ends_at <= new.period_end and p.invoiced_at is null;
    return null;
end $$;
create trigger usage_invoiced after insert or update of status on paydesk.invoices
    for each row when (new.status in ('open', 'paid', 'uncollectible') and new.billing_reason = 'subscription_cycle'
                       and new.provider_subscription_id is not null)
    execute function paydesk.mark_usage_invoiced();

insert into paydesk.usage_periods (account_id, starts_at, subscription_id, ends_at, provider,
                                   provider_subscription_id, plan_key, renews)
select account_id, current_period_start, id, least(current_period_end, ended_at), provider,
       provider_subscription_id, plan_key,
       status in ('active', 'trialing', 'past_due') and ended_at is null and not cancel_at_period_end
           and coalesce(cancel_at > current_period_end, true)
from paydesk.subscriptions
where plan_family = 'main' and plan_key is not null and status not in ('incomplete', 'incomplete_expired')
  and least(current_period_end, ended_at) > current_period_start;

-- The server owns nothing, and only an owner makes partitions: these two do it for it, by days that cannot name
-- anything else. Their names carry no text of a caller.
create function paydesk.make_usage_partitions(first date, last date) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    day  date := first;
    made integer := 0;
begin
    if last - first > 500 then
        raise exception 'more than 500 days at once' using errcode = 'program_limit_exceeded';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('paydesk.usage_partitions', 0));
    while day <= last loop
        if to_regclass(format('paydesk_usage.records_%s', to_char(day, 'YYYYMMDD'))) is null then
            execute format('create table paydesk_usage.records_%s partition of paydesk.usage_records '
                           'for values from (%L) to (%L)', to_char(day, 'YYYYMMDD'), day, day + 1);
            made := made + 1;
        end if;
        day := day + 1;
    end loop;
    return made;
end $$;

-- Drops the days before `keep_from` of which every period is invoiced or has long been over, and gives how many.
-- Never one of the last 8 days, whatever is asked.
create function paydesk.drop_usage_partitions(keep_from date) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    partition record;
    dropped   integer := 0;
begin
    perform pg_advisory_xact_lock(hashtextextended('paydesk.usage_partitions', 0));
    for partition in
        select c.relname, to_date(right(c.relname, 8), 'YYYYMMDD') as day
        from pg_catalog.pg_class c
        where c.relnamespace = 'paydesk_usage'::regnamespace and c.relname ~ '^records_\d{8}$'
        order by c.relname
    loop
        exit when partition.day >= least(keep_from, current_date - 8);
        continue when exists (
            select from paydesk.usage_periods p
            where p.invoiced_at is null and p.starts_at < partition.day + 1 and p.ends_at > partition.day
              and p.ends_at > now() - interval '60 days');
        execute format('drop table paydesk_usage.%I', partition.relname);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

revoke execute on function paydesk.keep_usage_periods(), paydesk.mark_usage_invoiced(),
    paydesk.make_usage_partitions(date, date), paydesk.drop_usage_partitions(date)
    from public, anon, authenticated, service_role;
grant execute on function paydesk.make_usage_partitions(date, date), paydesk.drop_usage_partitions(date)
    to paydesk_server;
