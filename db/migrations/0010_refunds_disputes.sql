-- 0010_refunds_disputes: charges, refunds, disputes; since when an account is past due; what an
-- account may do (view entitlements).
--
-- Why     Money that comes back must be explained as well as money that came: who refunded what and why,
--         which payment the bank disputes. An app asks on every request what its user may do: one view
--         answers, under the same row level security as the tables below it.
-- Locks   checkouts, subscriptions, invoices and plans: ACCESS EXCLUSIVE for a moment (columns without
--         default, a wider check), then new tables.
-- Undo    drop view paydesk.entitlements; drop table paydesk.access_policy, paydesk.invoice_retries,
--         paydesk.disputes, paydesk.refunds, paydesk.charges; drop function paydesk.keep_refunds_within_payment();
--         drop policy held on paydesk.plans; alter table paydesk.invoices drop first_failed_at;
--         alter table paydesk.subscriptions drop past_due_since; drop index paydesk.payments_by_id.

-- What is bought once and gives no credits.
alter table paydesk.plans drop constraint plans_kind, drop constraint plans_top_up_has_credits;
alter table paydesk.plans add constraint plans_kind check (kind in ('plan', 'top_up', 'product')),
    add constraint plans_top_up_has_credits check ((kind = 'top_up') = (credits > 0));

-- processing: the session is complete and the bank still moves the money (SEPA, ACH); failed: it did
-- not come. Until now such a checkout stayed open.
alter table paydesk.checkouts drop constraint checkouts_status;
alter table paydesk.checkouts add constraint checkouts_status check
    (status in ('creating', 'open', 'processing', 'complete', 'failed', 'expired', 'abandoned'));

-- The first time that collecting the invoice failed: the least of what is ever told, so the order of
-- the telling does not matter.
alter table paydesk.invoices add column first_failed_at timestamptz;
-- Since when the subscription's unpaid invoice is unpaid: what the grace period counts from.
-- Derived from the invoices whenever one of both changes.
alter table paydesk.subscriptions add column past_due_since timestamptz;
update paydesk.subscriptions set past_due_since = coalesce(current_period_start, provider_stamp)
where status = 'past_due';

-- A charge as the provider has it. payments (what people see) is derived from it: a charge of an
-- invoice or a checkout is that payment; any other is a payment by itself.
create table paydesk.charges (
    account_id           uuid        not null,
    id                   uuid        not null,
    provider             text        not null,
    provider_charge_id   text        not null,
    provider_payment_id  text,        -- payment intent
    provider_invoice_id  text,
    provider_checkout_id text,
    is_standalone        boolean     not null default false,  -- the provider was asked: of neither
    origin_asked_at      timestamptz, -- when the provider was last asked what it was for
    origin_asks          integer     not null default 0,
    amount               bigint      not null,
    amount_refunded      bigint      not null default 0,
    currency             char(3)     not null,
    status               text        not null,
    disputed             boolean     not null default false,
    failure_code         text,
    failure_message      text,
    receipt_url          text,
    description          text,
    livemode             boolean     not null default false,
    provider_stamp       timestamptz not null,
    created_at           timestamptz not null,  -- the provider's
    updated_at           timestamptz not null default now(),

    primary key (account_id, id),
    constraint charges_once unique (account_id, provider, provider_charge_id),
    constraint charges_provider check (provider in ('stripe', 'paypal')),
    constraint charges_currency check (currency ~ '^[a-z]{3}$'),
    constraint charges_amounts_not_negative check (amount >= 0 and amount_refunded >= 0),
    constraint charges_status check (status in ('pending', 'succeeded', 'failed'))
);
-- Of which nobody has told yet what they were for.
create index charges_of_unknown_origin on paydesk.charges (provider, created_at)
    where provider_invoice_id is null and provider_checkout_id is null and not is_standalone
      and status <> 'failed';
create index charges_by_payment on paydesk.charges (account_id, provider, provider_payment_id)
    where provider_payment_id is not null;

-- Money given back. Without provider_refund_id it is our intent: committed, the provider has not
-- answered yet; `id` is the idempotency key of the call and travels in the refund's metadata. One that
-- was made in the provider's dashboard comes by webhook and has the actor 'provider'.
create table paydesk.refunds (
    account_id          uuid        not null,
    id                  uuid        not null,
    provider            text        not null,
    provider_refund_id  text,
    provider_charge_id  text,
    provider_payment_id text,
    payment_id          uuid,        -- payments.id; NULL until it is known which
    amount              bigint      not null,
    currency            char(3)     not null,
    status              text        not null,
    reason              text,
    note                text,        -- why, in the operator's words
    failure_reason      text,
    actor               text        not null,  -- 'admin:<uuid>', 'service', 'provider'
    provider_stamp      timestamptz,
    created_at          timestamptz not null,
    updated_at          timestamptz not null default now(),

    primary key (account_id, id),
    constraint refunds_once unique (account_id, provider, provider_refund_id),
    constraint refunds_provider check (provider in ('stripe', 'paypal')),
    constraint refunds_currency check (currency ~ '^[a-z]{3}$'),
    constraint refunds_amount_positive check (amount > 0),
    constraint refunds_status check (status in ('pending', 'succeeded', 'failed', 'canceled')),
    constraint refunds_told_or_of_a_payment check (provider_refund_id is not null or payment_id is not null),
    constraint refunds_succeeded_at_the_provider check (status <> 'succeeded' or provider_refund_id is not null)
);
create index refunds_by_payment on paydesk.refunds (account_id, payment_id);
create index refunds_by_charge on paydesk.refunds (account_id, provider, provider_charge_id)
    where provider_charge_id is not null;
create index refunds_by_date on paydesk.refunds (created_at desc, id desc);  -- the operator's list

-- What we intend to give back, with all that was given back or is intended already, is never more than
-- the payment. The lock on the payment makes intents of one payment come one after the other. What the
-- provider tells has happened, and is not refused.
create function paydesk.keep_refunds_within_payment() returns trigger
language plpgsql set search_path = '' as $$
declare
    payment paydesk.payments;
    told    bigint;
    intents bigint;
begin
    select * into payment from paydesk.payments p
    where p.account_id = new.account_id and p.id = new.payment_id for update;
    if not found then
        raise exception 'refund % is of no payment of its account', new.id
            using errcode = 'check_violation', constraint = 'refunds_of_a_payment';
    end if;
    if payment.currency <> new.currency then
        raise exception 'refund % is in %, its payment in %', new.id, new.currency, payment.currency
            using errcode = 'check_violation', constraint = 'refunds_currency_of_payment';
    end if;
    select coalesce(sum(r.amount) filter (where r.provider_refund_id is not null), 0),
           coalesce(sum(r.amount) filter (where r.provider_refund_id is null), 0)
    into told, intents
    from paydesk.refunds r
    where r.account_id = new.account_id and r.payment_id = new.payment_id
      and r.status in ('pending', 'succeeded') and r.id <> new.id;
    if greatest(told, payment.amount_refunded) + intents + new.amount > payment.amount then
        raise exception 'refund % is more than is left of its payment', new.id
            using errcode = 'check_violation', constraint = 'refunds_within_payment';
    end if;
    return new;
end $$;

create table paydesk.disputes (
    account_id          uuid        not null,
    id                  uuid        not null,
    provider            text        not null,
    provider_dispute_id text        not null,
    provider_charge_id  text,
    provider_payment_id text,
    payment_id          uuid,        -- payments.id; NULL until it is known which
    amount              bigint      not null,
    currency            char(3)     not null,
    status              text        not null,
    reason              text        not null default '',
    evidence_due_by     timestamptz,
    closed_at           timestamptz,
    livemode            boolean     not null default false,
    provider_stamp      timestamptz not null,
    created_at          timestamptz not null,  -- the provider's
    updated_at          timestamptz not null default now(),

    primary key (account_id, id),
    constraint disputes_once unique (account_id, provider, provider_dispute_id),
    constraint disputes_provider check (provider in ('stripe', 'paypal')),
    constraint disputes_currency check (currency ~ '^[a-z]{3}$'),
    constraint disputes_amount_not_negative check (amount >= 0)
    -- No list of states: providers add some (prevented, appeal_...), and a dispute must be stored.
);
create index disputes_by_date on paydesk.disputes (created_at desc, id desc);  -- the operator's list

-- An open invoice is tried again at once when the account's default payment method changes: once per
-- invoice and method.
create table paydesk.invoice_retries (
    account_id                 uuid        not null,
    provider                   text        not null,
    provider_invoice_id        text        not null,
    provider_payment_method_id text        not null,
    created_at                 timestamptz not null default now(),

    primary key (account_id, provider, provider_invoice_id, provider_payment_method_id)
);

-- An operator refunds a payment by its id alone, whose it is is part of the answer.
create index payments_by_id on paydesk.payments (id);

-- How entitlements treat what is owed and what is disputed. One row, written by the server at its start
-- from its environment: the view below is read by apps that never ask the server.
create table paydesk.access_policy (
    is_the_row          boolean primary key default true,
    past_due_grace_days integer not null default 14,
    dispute_access      text    not null default 'keep',
    updated_at          timestamptz not null default now(),

    constraint access_policy_one_row check (is_the_row),
    constraint access_policy_grace check (past_due_grace_days between 0 and 365),
    constraint access_policy_dispute_access check (dispute_access in ('keep', 'suspend'))
);
insert into paydesk.access_policy default values;

call paydesk.protect('charges', 'select, insert, update', service_reads => true);
call paydesk.protect('refunds', 'select, insert, update', service_reads => true);
call paydesk.protect('disputes', 'select, insert, update', service_reads => true);
call paydesk.protect('invoice_retries', 'select, insert', service_reads => false);
call paydesk.protect('access_policy', 'select, update', service_reads => true);
revoke execute on function paydesk.keep_refunds_within_payment()
    from public, anon, authenticated, service_role;

-- What came back people see on their payments (amount_refunded); a refund's row holds the operator's
-- words, a charge is the payment's inside. Disputes they may see: the view below depends on them.
grant select on paydesk.disputes, paydesk.access_policy to authenticated;
create policy own on paydesk.disputes for select to authenticated
    using (account_id = any ((select paydesk.account_ids())::uuid[]));
create policy everyone on paydesk.access_policy for select to authenticated using (true);
-- Who subscribes to a plan that is no longer offered still may know what it holds.
create policy held on paydesk.plans for select to authenticated
    using (plan_key in (select s.plan_key from paydesk.subscriptions s
                        where s.account_id = any ((select paydesk.account_ids())::uuid[])));

create trigger touch before update on paydesk.charges
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.refunds
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.disputes
    for each row execute function paydesk.touch_updated_at();
create trigger touch before update on paydesk.access_policy
    for each row execute function paydesk.touch_updated_at();

create trigger within_payment before insert on paydesk.refunds
    for each row when (new.provider_refund_id is null)
    execute function paydesk.keep_refunds_within_payment();
create trigger final_status before update of status on paydesk.refunds
    for each row execute function paydesk.keep_final_status('failed', 'canceled');
create trigger kept before delete or truncate on paydesk.charges
    for each statement execute function paydesk.refuse_removal();
create trigger kept before delete or truncate on paydesk.refunds
    for each statement execute function paydesk.refuse_removal();
create trigger kept before delete or truncate on paydesk.disputes
    for each statement execute function paydesk.refuse_removal();

-- What an account may do now: one row per account that the reader may see. The plan is that of the
-- subscription that grants it (active, trialing until a scheduled end; past_due for the grace period),
-- else the free plan of the family 'main'. `status` is the subscription's, also where it grants nothing;
-- 'none' without one. Plans of other families are in `add_ons`.
-- `credits` is NULL until the ledger's balance is joined here.
create view paydesk.entitlements with (security_invoker = true) as
-- Each is read once, however often it is joined; `limit 1` tells the planner that there is one row, or it would
-- take the young table for a thousand and compile the plan for seconds (jit).
with policy as materialized (
    select past_due_grace_days, dispute_access from paydesk.access_policy limit 1),
catalogue as materialized (
    select plan_key, name, tier, rank, plan_family, features, limits, credits_per_month, is_active,
           purchasable, sort_order
    from paydesk.plans where kind = 'plan'),
free as materialized (
    select plan_key from catalogue
    where plan_family = 'main' and is_active and not purchasable
    order by rank, sort_order, plan_key limit 1)
select a.account_id,
       coalesce(s.grants and not d.suspended, false) as is_active,
       p.plan_key,
       p.name as plan_name,
       p.tier,
       coalesce(p.rank, 0) as rank,
       coalesce(p.features, '[]') as features,
       coalesce(p.limits, '{}') as limits,
       coalesce(p.credits_per_month, 0) as credits_per_month,
       null::bigint as credits,
       coalesce(s.status, 'none') as status,
       s.id as subscription_id,
       s.billing_cycle,
       s.current_period_end,
       s.trial_end,
       case when s.grants and not d.suspended then s.access_until end as access_until,
       s.past_due_since,
       case when s.status = 'past_due' then s.grace_until end as grace_until,
       d.suspended,
       case when d.suspended then '[]' else coalesce(o.add_ons, '[]') end as add_ons
from paydesk.accounts a
cross join policy
cross join lateral (
    -- An inquiry (warning_...) moves no money. What was lost counts until the account pays again.
    select policy.dispute_access = 'suspend' and exists (
        select from paydesk.disputes q
        where q.account_id = a.account_id
          and (q.status in ('needs_response', 'under_review')
               or (q.status = 'lost' and not exists (
                    select from paydesk.payments y
                    where y.account_id = a.account_id and y.status = 'succeeded'
                      and y.created_at > q.closed_at)))) as suspended
    offset 0) d
left join lateral (
    select t.id, t.status, t.plan_key, t.billing_cycle, t.current_period_end, t.trial_end,
           t.past_due_since, w.grace_until, g.grants,
           case when t.status = 'past_due' then least(w.ends_at, w.grace_until) else w.ends_at end
               as access_until
    from paydesk.subscriptions t
    left join catalogue r on r.plan_key = t.plan_key
    cross join lateral (
        select coalesce(t.cancel_at, case when t.cancel_at_period_end then t.current_period_end end)
                   as ends_at,
               t.past_due_since + make_interval(days => policy.past_due_grace_days) as grace_until) w
    cross join lateral (
        select t.plan_key is not null and (w.ends_at is null or w.ends_at > now())
               and (t.status in ('active', 'trialing')
                    or (t.status = 'past_due' and coalesce(w.grace_until > now(), false))) as grants) g
    where t.account_id = a.account_id and t.plan_family = 'main'
    order by g.grants desc, t.status not in ('canceled', 'incomplete_expired') desc,
             r.rank desc nulls last, coalesce(t.provider_created_at, t.created_at) desc, t.id desc
    limit 1) s on true
left join free on true
left join catalogue p
    on p.plan_key = case when s.grants and not d.suspended then s.plan_key else free.plan_key end
left join lateral (
    select jsonb_agg(jsonb_build_object('plan_key', r.plan_key, 'family', t.plan_family,
                         'plan_name', r.name, 'tier', r.tier, 'features', r.features,
                         'limits', r.limits, 'status', t.status, 'quantity', t.quantity)
                     order by t.plan_family, r.rank desc, t.id) as add_ons
    from paydesk.subscriptions t
    join catalogue r on r.plan_key = t.plan_key
    where t.account_id = a.account_id and t.plan_family <> 'main'
      and (t.status in ('active', 'trialing')
           or (t.status = 'past_due' and t.past_due_since
                   + make_interval(days => policy.past_due_grace_days) > now()))
      and coalesce(t.cancel_at, case when t.cancel_at_period_end then t.current_period_end end,
                   'infinity') > now()) o on true;

revoke all on paydesk.entitlements from public, anon, authenticated, service_role;
grant select on paydesk.entitlements to authenticated, service_role, paydesk_server;
