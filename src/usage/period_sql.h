#pragma once
// Which billing period a moment of an account falls into: the one place that says it, as SQL. Inside usage/ only.
//
// - Into that of the subscription that started last before it, when that lasts until then.
// - Beyond the end of one that renews: into the next, which begins there, told or not yet.
// - Else into the calendar month (UTC), cut where a subscription ended or begins.

// Joins to `g`, which has account_id and `at`; gives p.period_start, p.period_end, p.plan_key (NULL: none),
// p.subscription_id and p.is_invoiced. A macro: statements are literals, so that each is prepared once.
#define PD_USAGE_PERIOD_OF(g, at)                                    \
    R"(
    cross join lateral (
        select case when q.holds then q.starts_at when q.follows then q.ends_at
                    else greatest(m.starts_at, q.ends_at) end as period_start,
               case when q.holds then q.ends_at when q.follows then q.ends_at + (q.ends_at - q.starts_at)
                    else least(m.ends_at, (select min(n.starts_at) from paydesk.usage_periods n
                                           where n.account_id = )" g \
    R"(.account_id and n.starts_at > )" g R"(.)" at R"()) end as period_end,
               case when q.holds or q.follows then q.plan_key end as plan_key,
               case when q.holds or q.follows then q.subscription_id end as subscription_id,
               coalesce(q.holds and q.invoiced_at is not null, false) as is_invoiced
        from (select date_trunc('month', )" g R"(.)" at R"(, 'UTC') as starts_at,
                     (date_trunc('month', )" g R"(.)" at             \
    R"( at time zone 'UTC') + interval '1 month')
                         at time zone 'UTC' as ends_at) m
        left join lateral (
            select u.starts_at, u.ends_at, u.plan_key, u.subscription_id, u.invoiced_at,
                   )" g R"(.)" at R"( < u.ends_at as holds,
                   u.renews and )" g R"(.)" at R"( >= u.ends_at
                       and )" g R"(.)" at R"( < u.ends_at + (u.ends_at - u.starts_at) as follows
            from paydesk.usage_periods u
            where u.account_id = )" g R"(.account_id and u.starts_at <= )" g R"(.)" at R"(
            order by u.starts_at desc limit 1) q on true) p)"
