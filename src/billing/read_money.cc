#include "billing/read_money.h"

namespace paydesk::billing {

const db::Statement read_payments{"read_payments", R"(
    select p.id, p.account_id as user_id, p.provider, p.status, p.amount, p.amount_refunded,
           p.currency, p.description,
           coalesce(p.receipt_url, (
               select i.hosted_invoice_url from paydesk.invoices i
               where i.account_id = p.account_id and i.provider = p.provider
                 and i.provider_invoice_id = p.provider_invoice_id
                 and i.billing_reason is distinct from 'usage')) as receipt_url,  -- that page is where one pays
           p.metadata ->> 'failure_message' as failure_message,
           case p.provider when 'stripe' then p.provider_payment_id end as stripe_payment_intent_id,
           case p.provider when 'stripe' then p.provider_charge_id end as stripe_charge_id,
           case p.provider when 'stripe' then p.provider_invoice_id end as stripe_invoice_id,
           p.created_at
    from paydesk.payments p
    where p.account_id = $1
      and ($3::uuid is null or (p.created_at, p.id) <
           (select b.created_at, b.id from paydesk.payments b where b.account_id = $1 and b.id = $3))
    order by p.created_at desc, p.id desc
    limit $2)"};

const db::Statement read_payment_of_capture{"read_payment_of_capture", R"(
    select p.id from paydesk.provider_refs r
    join paydesk.payments p on p.account_id = r.account_id and p.provider = r.provider
                           and p.provider_charge_id = r.provider_id
    where r.provider = 'paypal' and r.kind = 'charge' and r.provider_id = $1
    limit 1)"};

const db::Statement read_payment_exists{"read_payment_exists", R"(
    select id from paydesk.payments where account_id = $1 and id = $2)"};

const db::Statement read_entitlements{"read_entitlements", R"(
    with best as materialized (
        select e.account_id, e.is_active, e.plan_key, e.plan_name, e.tier, e.rank, e.features,
               e.limits, e.credits_per_month, e.status, e.subscription_id,
               e.billing_cycle as plan_type, e.current_period_end, e.trial_end, e.access_until,
               e.past_due_since, e.grace_until, e.suspended, e.add_ons
        from paydesk.entitlements e
        order by e.is_active desc, e.rank desc, e.account_id = $1 desc, e.account_id
        limit 1),
    chosen as materialized (
        select b.account_id, b.is_active, b.plan_key, b.plan_name, b.tier, b.rank, b.features,
               b.limits, b.credits_per_month, b.status, b.subscription_id, b.plan_type,
               b.current_period_end, b.trial_end, b.access_until, b.past_due_since, b.grace_until,
               b.suspended, b.add_ons
        from best b
        union all
        (select $1::uuid, false, f.plan_key, f.name, f.tier, f.rank, f.features, f.limits,
                f.credits_per_month, 'none', null, null, null, null, null, null, null, false, '[]'
         from paydesk.plans f
         where f.kind = 'plan' and f.plan_family = 'main' and f.is_active and not f.purchasable
           and not exists (select from best)
         order by f.rank, f.sort_order, f.plan_key limit 1)),
    grants as materialized (
        select g.kind, g.issued, g.remaining, g.effective_at, g.expires_at,
               exists (select from paydesk.credit_grants n
                       where n.account_id = g.account_id and n.slot = g.slot and n.supersedes
                         and n.effective_at <= $2
                         and (n.since, case n.kind when 'plan' then 2 - n.supersedes::int else 3 * n.supersedes::int end,
                              n.effective_at)
                             > (g.since, case g.kind when 'plan' then 2 - g.supersedes::int else 3 * g.supersedes::int end,
                                g.effective_at)) as is_superseded
        from paydesk.credit_grants g
        where g.account_id = (select c.account_id from chosen c)
          and (g.remaining > 0 or coalesce(g.expires_at > $2, g.issued = 0)))
    select c.account_id, c.is_active, c.plan_key, c.plan_name, c.tier, c.rank, c.features, c.limits,
           c.credits_per_month, c.status, c.subscription_id, c.plan_type, c.current_period_end,
           c.trial_end, c.access_until, c.past_due_since, c.grace_until, c.suspended, c.add_ons,
           coalesce((select l.balance_after from paydesk.credit_transactions l
                     where l.account_id = c.account_id order by l.number desc limit 1), 0) as credits,
           exists (select from grants g
                   where (g.remaining > 0 and g.expires_at <= $2)
                      or (g.issued = 0 and g.effective_at <= $2 and not g.is_superseded))
           or exists (select from paydesk.credit_holds h
                      where h.account_id = c.account_id and h.status = 'held'
                        and h.expires_at <= $2) as credits_are_due,
           not exists (select from grants g
                       where g.expires_at > $2
                         and (g.kind = 'free' or (g.kind = 'plan' and g.effective_at <= $2
                                                  and not g.is_superseded)))
           and coalesce((select f.credits_per_month > 0 from paydesk.plans f
                         where f.kind = 'plan' and f.is_active and not f.purchasable
                         order by f.rank, f.plan_key limit 1), false) as free_month_is_due
    from chosen c)"};

#define REFUND_COLUMNS                                                                            \
    "select r.id, r.account_id, r.payment_id, r.provider, "                                       \
    "case r.provider when 'stripe' then r.provider_refund_id end as stripe_refund_id, "           \
    "case r.provider when 'stripe' then r.provider_charge_id end as stripe_charge_id, "           \
    "r.amount, r.currency, r.status, r.reason, r.note, r.failure_reason, r.actor, r.created_at, " \
    "r.updated_at from paydesk.refunds r "

const db::Statement read_refunds{"read_refunds", REFUND_COLUMNS R"(
    where ($3::uuid is null or r.payment_id = $3)
      and ($2::uuid is null or (r.created_at, r.id) <
           (select b.created_at, b.id from paydesk.refunds b where b.id = $2))
    order by r.created_at desc, r.id desc
    limit $1)"};

const db::Statement read_refund{"read_refund", REFUND_COLUMNS R"(
    where r.account_id = $1 and r.id = $2)"};

const db::Statement read_disputes{"read_disputes", R"(
    select d.id, d.account_id, d.payment_id, d.provider,
           case d.provider when 'stripe' then d.provider_dispute_id end as stripe_dispute_id,
           case d.provider when 'stripe' then d.provider_charge_id end as stripe_charge_id,
           d.amount, d.currency, d.status, d.reason, d.evidence_due_by, d.closed_at, d.created_at,
           d.updated_at
    from paydesk.disputes d
    where $2::uuid is null or (d.created_at, d.id) <
          (select b.created_at, b.id from paydesk.disputes b where b.id = $2)
    order by d.created_at desc, d.id desc
    limit $1)"};

const db::Statement read_operator_notifications{"read_operator_notifications", R"(
    select n.id, n.type, n.title, n.message, n.metadata, n.created_at
    from paydesk.notifications n
    where n.account_id = '00000000-0000-0000-0000-000000000000'
      and ($2::uuid is null or (n.created_at, n.id) <
           (select b.created_at, b.id from paydesk.notifications b
            where b.account_id = '00000000-0000-0000-0000-000000000000' and b.id = $2))
    order by n.created_at desc, n.id desc
    limit $1)"};

}  // namespace paydesk::billing
