-- 0012_credits_at_once: the ledger's check of its entries is one statement instead of three, and the view of
-- what an account may do says how many credits it has.
--
-- Why     A group of consumptions pays for each statement of its triggers: to set it up costs as much as
--         several rows of it. And an app that asks on each request what somebody may do should not
--         have to ask twice.
-- Locks   The function and the view, for a moment.
-- Undo    paydesk.keep_credit_grants() as 0008_credits has it; the view as 0010_refunds_disputes has it.

-- As before: each transaction whose lines were inserted is whole, and the buckets say what the lines say.
create or replace function paydesk.keep_credit_grants() returns trigger
language plpgsql set search_path = '' set enable_seqscan = 'off' set enable_hashjoin = 'off'
    set enable_mergejoin = 'off' set plan_cache_mode = 'force_generic_plan' as $$
declare
    unbalanced boolean;
    strays bigint;
begin
    with booked as (
        select s.account_id from (
            select a.account_id, a.number, count(*) as lines, max(a.position) as last,
                   sum(case 'available' when a.to_account then a.amount
                                        when a.from_account then -a.amount else 0 end) as change
            from added a group by a.account_id, a.number) s
        left join lateral (
            select t.amount, t.entry_count from paydesk.credit_transactions t
            where t.account_id = s.account_id and t.number = s.number limit 1) t on true
        where t.amount is distinct from s.change or t.entry_count is distinct from s.lines
           or s.last is distinct from s.lines),
    moved as (
        select a.account_id, a.grant_id,
               sum(case when a.from_account = 'issued' then a.amount else 0 end)::bigint as issued,
               sum(case 'available' when a.to_account then a.amount
                                    when a.from_account then -a.amount else 0 end)::bigint as remaining,
               sum(case 'held' when a.to_account then a.amount
                               when a.from_account then -a.amount else 0 end)::bigint as held
        from added a group by a.account_id, a.grant_id),
    kept as (
        update paydesk.credit_grants g
        set issued = g.issued + c.issued, remaining = g.remaining + c.remaining, held = g.held + c.held
        from moved c
        where g.account_id = c.account_id and g.id = c.grant_id
        returning 1)
    select exists (select from booked), (select count(*) from moved) - (select count(*) from kept)
    into unbalanced, strays;
    if unbalanced then
        raise exception 'a credit transaction does not balance with its entries'
            using errcode = 'check_violation', constraint = 'credit_transactions_balance';
    end if;
    if strays <> 0 then
        raise exception 'a credit entry names a grant that is not there'
            using errcode = 'foreign_key_violation', constraint = 'credit_entries_have_grants';
    end if;
    return null;
end $$;

create or replace view paydesk.entitlements with (security_invoker = true) as
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
       -- What is booked; GET /api/entitlements books first what time has done.
       coalesce((select l.balance_after from paydesk.credit_transactions l
                 where l.account_id = a.account_id order by l.number desc limit 1), 0) as credits,
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
