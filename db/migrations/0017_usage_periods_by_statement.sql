-- 0017_usage_periods_by_statement: a trigger for a statement in place of one for each row.
--
-- Usage periods are told once for all subscriptions that a statement writes. A batch of webhooks writes a hundred
-- and fifty, and a trigger for each row cost it a tenth of its time.
--
-- Locks   paydesk.subscriptions (share row exclusive), for a moment.
-- Undo    drop trigger usage_periods_begin on paydesk.subscriptions; drop trigger usage_periods_move on
--         paydesk.subscriptions; drop function paydesk.begin_usage_periods(), paydesk.move_usage_periods();

drop trigger usage_periods on paydesk.subscriptions;
drop function paydesk.keep_usage_periods();

-- A subscription's period as it is told becomes a row. By index whatever the planner thinks of the tables' sizes:
-- what it finds for the first batch of a session it keeps for all.
create function paydesk.begin_usage_periods() returns trigger
language plpgsql set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
begin
    insert into paydesk.usage_periods as p (account_id, starts_at, subscription_id, ends_at, provider,
                                            provider_subscription_id, plan_key, renews)
    select n.account_id, n.current_period_start, n.id, least(n.current_period_end, n.ended_at), n.provider,
           n.provider_subscription_id, n.plan_key,
           n.status in ('active', 'trialing', 'past_due') and n.ended_at is null and not n.cancel_at_period_end
               and coalesce(n.cancel_at > n.current_period_end, true)
    from told n
    where n.plan_family = 'main' and n.plan_key is not null
      and n.status not in ('incomplete', 'incomplete_expired')
      and least(n.current_period_end, n.ended_at) > n.current_period_start
    on conflict (account_id, starts_at, subscription_id) do update
        set ends_at = excluded.ends_at, plan_key = excluded.plan_key, renews = excluded.renews
        where (p.ends_at, p.plan_key, p.renews) <> (excluded.ends_at, excluded.plan_key, excluded.renews);
    return null;
end $$;

-- And a period that is cut short (the subscription ended, or its anchor moved) ends there, so that none overlaps the
-- next. An order of telling in which the older comes later does not matter: subscriptions only ever hold the newest
-- snapshot.
create function paydesk.move_usage_periods() returns trigger
language plpgsql set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
begin
    with moved as materialized (
        select n.account_id, n.id, n.provider, n.provider_subscription_id, n.plan_key,
               n.current_period_start as starts_at, least(n.current_period_end, n.ended_at) as ends_at,
               n.status in ('active', 'trialing', 'past_due') and n.ended_at is null
                   and not n.cancel_at_period_end
                   and coalesce(n.cancel_at > n.current_period_end, true) as renews
        from told n join was o on o.account_id = n.account_id and o.id = n.id
        where n.plan_family = 'main' and n.plan_key is not null and n.current_period_start is not null
          and n.status not in ('incomplete', 'incomplete_expired')
          and (n.current_period_start, n.current_period_end, n.ended_at, n.plan_key, n.plan_family, n.status,
               n.cancel_at, n.cancel_at_period_end)
              is distinct from
              (o.current_period_start, o.current_period_end, o.ended_at, o.plan_key, o.plan_family, o.status,
               o.cancel_at, o.cancel_at_period_end)),
    cut as (
        update paydesk.usage_periods p set ends_at = m.starts_at
        from moved m
        where p.account_id = m.account_id and p.subscription_id = m.id
          and p.starts_at < m.starts_at and p.ends_at > m.starts_at)
    insert into paydesk.usage_periods as p (account_id, starts_at, subscription_id, ends_at, provider,
                                            provider_subscription_id, plan_key, renews)
    select m.account_id, m.starts_at, m.id, m.ends_at, m.provider, m.provider_subscription_id, m.plan_key, m.renews
    from moved m
    where m.ends_at > m.starts_at
    on conflict (account_id, starts_at, subscription_id) do update
        set ends_at = excluded.ends_at, plan_key = excluded.plan_key, renews = excluded.renews
        where (p.ends_at, p.plan_key, p.renews) <> (excluded.ends_at, excluded.plan_key, excluded.renews);
    return null;
end $$;

create trigger usage_periods_begin after insert on paydesk.subscriptions
    referencing new table as told
    for each statement execute function paydesk.begin_usage_periods();
create trigger usage_periods_move after update on paydesk.subscriptions
    referencing old table as was new table as told
    for each statement execute function paydesk.move_usage_periods();

revoke execute on function paydesk.begin_usage_periods(), paydesk.move_usage_periods() from public, anon, authenticated, service_role;
