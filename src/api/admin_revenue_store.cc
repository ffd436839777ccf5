#include "api/admin_revenue_store.h"

namespace paydesk::api::admin_revenue_store {

const db::Statement by_month{"admin_revenue", R"(
    with moments as materialized (
        -- The end of each month, or now; and one month before the first, to compare with.
        select m.month, least((m.month + interval '1 month') at time zone 'UTC', $1::timestamptz) as at,
               row_number() over (order by m.month) > 1 as is_shown
        from generate_series(date_trunc('month', $1::timestamptz at time zone 'UTC') - make_interval(months => $2::int),
                             date_trunc('month', $1::timestamptz at time zone 'UTC'),
                             interval '1 month') as m(month)),
    lines as materialized (
        select i.account_id, i.currency, i.created_at, s.id as subscription_id, s.status, s.ended_at, q.plan_family,
               l.period_start, l.period_end + interval '3 days' as covered_until,  -- cover_grace
               (p.unit_amount * coalesce(l.quantity, 1) * case p.billing_cycle when 'monthly' then 12 else 1 end)
                   as annual
        from paydesk.invoices i
        cross join lateral jsonb_to_recordset(i.line_items) as l(
            amount bigint, quantity bigint, price_id text, period_start timestamptz, period_end timestamptz)
        join paydesk.plan_prices p on p.provider = i.provider and p.provider_price_id = l.price_id
                                  and p.currency = i.currency and p.billing_cycle in ('monthly', 'yearly')
        join paydesk.plans q on q.plan_key = p.plan_key
        join paydesk.subscriptions s on s.account_id = i.account_id and s.provider = i.provider
                                    and s.provider_subscription_id = i.provider_subscription_id
        where i.status <> 'void' and l.amount > 0
          and i.created_at > (select min(m.at) from moments m) - interval '13 months'
          and s.status not in ('incomplete', 'incomplete_expired')),
    newest as materialized (
        select distinct on (m.month, n.account_id, n.subscription_id, n.plan_family)
               m.month, n.account_id, n.currency, n.annual
        from moments m
        join lines n on n.period_start < m.at and n.covered_until >= m.at and n.created_at < m.at
                    and coalesce(n.ended_at >= m.at, true)
                    and (m.at < $1 or n.status in ('active', 'trialing', 'past_due'))
        order by m.month, n.account_id, n.subscription_id, n.plan_family, n.created_at desc,
                 n.period_start desc, n.annual desc),
    recurring as materialized (
        select n.month, n.currency, n.account_id, sum(n.annual)::bigint as annual,
               (sum(n.annual)::bigint + 6) / 12 as mrr
        from newest n group by n.month, n.currency, n.account_id),
    moves as materialized (
        select coalesce(c.month, b.month + interval '1 month') as month,
               coalesce(c.currency, b.currency) as currency,
               sum(c.mrr) as mrr, sum(c.annual) as arr, count(c.account_id) as subscribers,
               sum(c.mrr) filter (where b.mrr is null) as new_mrr,
               count(*) filter (where b.mrr is null) as new_subscribers,
               sum(c.mrr - b.mrr) filter (where c.mrr > b.mrr) as expansion_mrr,
               sum(b.mrr - c.mrr) filter (where c.mrr < b.mrr) as contraction_mrr,
               sum(b.mrr) filter (where c.mrr is null) as churned_mrr,
               count(*) filter (where c.mrr is null) as churned_subscribers
        from recurring c
        full join recurring b on b.account_id = c.account_id and b.currency = c.currency
                             and b.month + interval '1 month' = c.month
        group by 1, 2),
    paid as materialized (
        select date_trunc('month', p.created_at at time zone 'UTC') as month, p.currency,
               sum(p.amount) filter (where p.status not in ('failed', 'pending')) as collected,
               count(*) filter (where p.status not in ('failed', 'pending')) as payments
        from paydesk.payments p
        where p.created_at >= (select min(m.month) from moments m where m.is_shown) at time zone 'UTC'
        group by 1, 2),
    attempts as materialized (
        -- Every attempt is a row; what is owed is owed once, since the last of them.
        select distinct on (p.account_id, p.provider, coalesce(p.provider_invoice_id, p.provider_payment_id, p.source_id))
               p.account_id, p.provider, p.provider_invoice_id, p.provider_payment_id, p.amount, p.currency, p.created_at
        from paydesk.payments p
        where p.status = 'failed'
          and p.created_at >= (select min(m.month) from moments m where m.is_shown) at time zone 'UTC'
        order by p.account_id, p.provider, coalesce(p.provider_invoice_id, p.provider_payment_id, p.source_id),
                 p.created_at desc),
    failed as materialized (
        select date_trunc('month', f.created_at at time zone 'UTC') as month, f.currency,
               sum(f.amount) as failed_amount, count(*) as failed_payments
        from attempts f
        where not exists (select from paydesk.payments p
                          where p.account_id = f.account_id and p.provider = f.provider
                            and p.provider_payment_id = f.provider_payment_id
                            and p.status not in ('failed', 'pending'))
          and not exists (select from paydesk.payments p
                          where p.account_id = f.account_id and p.provider = f.provider
                            and p.source_kind = 'invoice' and p.source_id = f.provider_invoice_id
                            and p.status not in ('failed', 'pending'))
        group by 1, 2),
    refunded as materialized (
        select date_trunc('month', r.created_at at time zone 'UTC') as month, r.currency,
               sum(r.amount) as refunded
        from paydesk.refunds r
        where r.status = 'succeeded'
          and r.created_at >= (select min(m.month) from moments m where m.is_shown) at time zone 'UTC'
        group by 1, 2),
    currencies as (
        select currency from moves union select currency from paid union select currency from refunded
        union select currency from failed)
    select k.currency, to_char(m.month, 'YYYY-MM') as month,
           coalesce(v.mrr, 0)::bigint as mrr, coalesce(v.arr, 0)::bigint as arr,
           coalesce(v.new_mrr, 0)::bigint as new_mrr, coalesce(v.expansion_mrr, 0)::bigint as expansion_mrr,
           coalesce(v.contraction_mrr, 0)::bigint as contraction_mrr,
           coalesce(v.churned_mrr, 0)::bigint as churned_mrr,
           coalesce(v.subscribers, 0) as subscribers, coalesce(v.new_subscribers, 0) as new_subscribers,
           coalesce(v.churned_subscribers, 0) as churned_subscribers,
           coalesce(p.collected, 0)::bigint as collected, coalesce(p.payments, 0) as payments,
           coalesce(r.refunded, 0)::bigint as refunded,
           coalesce(f.failed_amount, 0)::bigint as failed_amount,
           coalesce(f.failed_payments, 0) as failed_payments
    from currencies k
    join moments m on m.is_shown
    left join moves v on v.month = m.month and v.currency = k.currency
    left join paid p on p.month = m.month and p.currency = k.currency
    left join refunded r on r.month = m.month and r.currency = k.currency
    left join failed f on f.month = m.month and f.currency = k.currency
    order by k.currency, m.month)"};

const db::Statement usage_by_day{"admin_usage", R"(
    select h.metric, coalesce(m.name, h.metric) as name, coalesce(m.unit, '') as unit,
           coalesce(m.aggregation, 'sum') as aggregation, (h.hour at time zone 'UTC')::date::text as date,
           count(distinct h.account_id) as accounts, sum(h.events)::bigint as events,
           trim_scale(case m.aggregation when 'count' then sum(h.events) when 'unique' then sum(h.uniques)
                           when 'max' then max(h.maximum) when 'last' then max(h.last_value)
                           else sum(h.quantity) end)::text as quantity
    from paydesk.usage_hours h left join paydesk.meters m on m.metric = h.metric
    where h.hour >= $1::date::timestamp at time zone 'UTC' and h.hour < $2::date::timestamp at time zone 'UTC'
    group by h.metric, m.name, m.unit, m.aggregation, 5
    order by h.metric, 5)"};

}  // namespace paydesk::api::admin_revenue_store
