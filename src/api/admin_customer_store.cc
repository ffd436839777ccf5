#include "api/admin_customer_store.h"

namespace paydesk::api::admin_customer_store {

// The operator's own account holds what is told to operators: it is nobody's.
const db::Statement search{"admin_search_customers", R"(
    with found as materialized (
        select a.account_id from paydesk.accounts a
        where a.account_id::text = lower($1)
           or position(lower($1) in lower(coalesce(a.email, ''))) > 0
           or position(lower($1) in lower(coalesce(a.name, ''))) > 0
        union
        select c.account_id from paydesk.customers c
        where position(lower($1) in lower(coalesce(c.email, ''))) > 0
           or position(lower($1) in lower(coalesce(c.name, ''))) > 0
        union
        select r.account_id from paydesk.provider_refs r
        where r.provider in ('stripe', 'paypal') and r.provider_id = $1
          and r.kind in ('customer', 'subscription', 'invoice', 'payment_method', 'checkout', 'charge', 'payment',
                         'refund', 'dispute', 'subscription_schedule', 'other'))
    select a.account_id as id, a.kind, coalesce(c.email, a.email) as email, coalesce(c.name, a.name) as name,
           s.status, s.plan_key, nullif(s.plan_name, '') as plan_name, s.provider, a.created_at, a.closed_at
    from paydesk.accounts a
    left join lateral (
        select t.email, t.name from paydesk.customers t
        where t.account_id = a.account_id and t.deleted_at is null
        order by t.email is null, t.provider desc limit 1) c on true
    left join lateral (
        select t.status, t.plan_key, t.plan_name, t.provider from paydesk.subscriptions t
        where t.account_id = a.account_id
        order by t.status in ('active', 'trialing', 'past_due') desc,
                 t.status not in ('canceled', 'incomplete_expired') desc,
                 coalesce(t.provider_created_at, t.created_at) desc, t.id desc limit 1) s on true
    where a.account_id <> '00000000-0000-0000-0000-000000000000'
      and ($1::text is null or a.account_id in (select f.account_id from found f))
      and ($3::uuid is null or (a.created_at, a.account_id) <
           (select b.created_at, b.account_id from paydesk.accounts b where b.account_id = $3))
    order by a.created_at desc, a.account_id desc limit $2)"};

const db::Statement profile{"admin_customer", R"(
    select a.account_id as id, a.kind, a.email, a.name, a.language, a.created_at, a.closed_at,
           e.plan_key, e.plan_name, e.status, e.access_until, e.suspended,
           coalesce((select l.balance_after from paydesk.credit_transactions l
                     where l.account_id = a.account_id order by l.number desc limit 1), 0) as credits,
           coalesce((select sum(g.held) from paydesk.credit_grants g
                     where g.account_id = a.account_id), 0)::bigint as credits_held
    from paydesk.accounts a
    left join paydesk.entitlements e on e.account_id = a.account_id
    where a.account_id = $1 and a.account_id <> '00000000-0000-0000-0000-000000000000')"};

const db::Statement provider_customers{"admin_customer_providers", R"(
    select c.provider, c.provider_customer_id, c.email, c.name, c.created_at, c.deleted_at
    from paydesk.customers c where c.account_id = $1 order by c.created_at desc limit $2)"};

const db::Statement members{"admin_customer_members", R"(
    select m.id, m.user_id, m.role, m.invited_email, m.created_at, m.joined_at
    from paydesk.account_members m where m.account_id = $1 order by m.created_at desc, m.id limit $2)"};

const db::Statement subscriptions{"admin_customer_subscriptions", R"(
    select s.id, s.provider, s.provider_subscription_id, s.status, s.plan_key,
           nullif(s.plan_name, '') as plan_name, s.billing_cycle, s.quantity, s.unit_amount, s.currency,
           s.current_period_start, s.current_period_end, s.cancel_at_period_end, s.cancel_at, s.trial_end,
           s.past_due_since, s.ended_at, coalesce(s.provider_created_at, s.created_at) as created_at
    from paydesk.subscriptions s where s.account_id = $1
    order by coalesce(s.provider_created_at, s.created_at) desc, s.id desc limit $2)"};

const db::Statement invoices{"admin_customer_invoices", R"(
    select i.id, i.provider, i.provider_invoice_id, i.number, i.status, i.total, i.amount_paid, i.amount_remaining,
           i.currency, i.billing_reason, i.attempt_count, i.next_payment_attempt, i.hosted_invoice_url, i.paid_at,
           i.created_at
    from paydesk.invoices i where i.account_id = $1 order by i.created_at desc, i.id desc limit $2)"};

const db::Statement payments{"admin_customer_payments", R"(
    select p.id, p.provider, coalesce(p.provider_charge_id, p.provider_payment_id) as provider_payment_id,
           p.status, p.amount, p.amount_refunded, p.currency, p.description, p.receipt_url,
           p.metadata ->> 'failure_message' as failure_message, p.created_at
    from paydesk.payments p where p.account_id = $1 order by p.created_at desc, p.id desc limit $2)"};

const db::Statement refunds{"admin_customer_refunds", R"(
    select r.id, r.provider, r.provider_refund_id, r.payment_id, r.status, r.amount, r.currency, r.reason, r.note,
           r.failure_reason, r.actor, r.created_at
    from paydesk.refunds r where r.account_id = $1 order by r.created_at desc, r.id desc limit $2)"};

const db::Statement payment_methods{"admin_customer_payment_methods", R"(
    select m.id, m.provider, m.provider_payment_method_id, m.type, m.card_brand, m.card_last4, m.card_exp_month,
           m.card_exp_year, m.is_default, m.detached_at, m.created_at
    from paydesk.payment_methods m where m.account_id = $1
    order by m.detached_at is not null, m.is_default desc, m.created_at desc, m.id limit $2)"};

const db::Statement credit_entries{"admin_customer_credits", R"(
    select t.number, t.kind, t.amount, t.balance_after as balance, t.description, t.created_at
    from paydesk.credit_transactions t where t.account_id = $1 order by t.number desc limit $2)"};

const db::Statement usage{"admin_customer_usage", R"(
    select t.metric, coalesce(m.name, t.metric) as name, coalesce(m.unit, '') as unit, t.period_start, t.period_end,
           t.events,
           trim_scale(case m.aggregation when 'count' then t.events when 'max' then t.maximum
                           when 'last' then t.last_value when 'unique' then t.uniques
                           else t.quantity end)::text as quantity
    from paydesk.usage_totals t left join paydesk.meters m on m.metric = t.metric
    where t.account_id = $1 order by t.period_start desc, t.metric limit $2)"};

const db::Statement notifications{"admin_customer_notifications", R"(
    select n.id, n.type, n.title, n.message, n.read, n.created_at
    from paydesk.notifications n where n.account_id = $1 order by n.created_at desc, n.id desc limit $2)"};

const db::Statement emails{"admin_customer_emails", R"(
    select e.id, e.kind, e.recipient, e.status, e.attempts, e.error, e.created_at, e.sent_at
    from paydesk.emails e where e.account_id = $1 order by e.created_at desc, e.id desc limit $2)"};

// By the objects that the account has: an event's own account_id is not indexed, its object is.
const db::Statement webhook_events{"admin_customer_events", R"(
    with objects as materialized (
        select c.provider, c.provider_customer_id as id from paydesk.customers c
        where c.account_id = $1 and c.provider_customer_id is not null
        union
        select s.provider, s.provider_subscription_id from paydesk.subscriptions s where s.account_id = $1
        union
        (select k.provider, k.provider_checkout_id from paydesk.checkouts k
         where k.account_id = $1 and k.provider_checkout_id is not null order by k.created_at desc limit $2)
        union
        (select i.provider, i.provider_invoice_id from paydesk.invoices i
         where i.account_id = $1 order by i.created_at desc limit $2)
        union
        (select h.provider, h.provider_charge_id from paydesk.charges h
         where h.account_id = $1 order by h.created_at desc limit $2)
        union
        (select p.provider, p.provider_payment_id from paydesk.payments p
         where p.account_id = $1 and p.provider_payment_id is not null order by p.created_at desc limit $2)
        union
        (select r.provider, r.provider_refund_id from paydesk.refunds r
         where r.account_id = $1 and r.provider_refund_id is not null order by r.created_at desc limit $2)
        union
        (select d.provider, d.provider_dispute_id from paydesk.disputes d
         where d.account_id = $1 order by d.created_at desc limit $2)
        union
        (select m.provider, m.provider_payment_method_id from paydesk.payment_methods m
         where m.account_id = $1 order by m.created_at desc limit $2))
    select e.event_id as id, e.provider, e.type, e.status, e.object_kind, e.object_id, e.attempts, e.error,
           e.occurred_at, e.received_at, e.processed_at
    from objects o
    join paydesk.webhook_events e on e.object_id = o.id and e.provider = o.provider
    order by e.received_at desc, e.event_id desc limit $2)"};

const db::Statement audit_log{"admin_customer_audit", R"(
    select l.id, l.actor, l.action, l.details, l.created_at
    from paydesk.audit_log l where l.account_id = $1 order by l.created_at desc, l.id desc limit $2)"};

}  // namespace paydesk::api::admin_customer_store
