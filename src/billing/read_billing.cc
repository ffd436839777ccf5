#include "billing/read_billing.h"

namespace paydesk::billing {

// What it will become; nothing once it is so, whichever of the two facts was told first.
#define SCHEDULED_CHANGE                                                                          \
    "(select json_build_object('plan_key', q.plan_key, 'plan_name', nullif(q.plan_name, ''), "    \
    "'plan_type', q.billing_cycle, 'price_id', q.price_id, 'quantity', q.quantity, "              \
    "'amount', q.unit_amount, 'currency', q.currency, 'effective_at', "                           \
    "to_char(q.effective_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) "              \
    "from paydesk.subscription_schedules q "                                                      \
    "where q.account_id = s.account_id and q.provider = s.provider "                              \
    "and q.provider_subscription_id = s.provider_subscription_id and q.status = 'active' "        \
    "and q.effective_at is not null and not s.cancel_at_period_end "                              \
    "and s.status not in ('canceled', 'incomplete_expired', 'paused') "                           \
    "and not exists (select from paydesk.subscription_items i where i.account_id = s.account_id " \
    "and i.subscription_id = s.id and i.price_id = q.price_id "                                   \
    "and coalesce(i.quantity, 1) = q.quantity) "                                                  \
    "order by q.provider_stamp desc, q.id desc limit 1)"

#define SUBSCRIPTION_COLUMNS                                                                   \
    "select s.id, s.account_id as user_id, s.provider, "                                       \
    "case s.provider when 'stripe' then s.provider_subscription_id end as "                    \
    "stripe_subscription_id, "                                                                 \
    "case s.provider when 'stripe' then c.provider_customer_id end as stripe_customer_id, "    \
    "case s.provider when 'paypal' then s.provider_subscription_id end as "                    \
    "paypal_subscription_id, "                                                                 \
    "s.status, s.price_id, s.quantity, s.cancel_at_period_end, s.cancel_at, "                  \
    "s.current_period_start, s.current_period_end, s.canceled_at, s.ended_at, s.trial_start, " \
    "s.past_due_since, "                                                                       \
    "s.trial_end, s.plan_key, nullif(s.plan_name, '') as plan_name, s.billing_cycle as "       \
    "plan_type, "                                                                              \
    "s.cancel_reason, s.cancel_feedback, s.cancel_comment, " SCHEDULED_CHANGE                  \
    " as scheduled_change, "                                                                   \
    "s.unit_amount as amount, s.currency, coalesce(s.provider_created_at, s.created_at) as "   \
    "created_at, "                                                                             \
    "s.updated_at "                                                                            \
    "from paydesk.subscriptions s left join paydesk.customers c "                              \
    "on c.account_id = s.account_id and c.provider = s.provider "

const db::Statement read_current_subscription{"read_current_subscription", SUBSCRIPTION_COLUMNS R"(
    where s.account_id = $1
    order by s.status in ('active', 'trialing', 'past_due') desc,
             s.status not in ('canceled', 'incomplete_expired') desc,
             coalesce(s.provider_created_at, s.created_at) desc, s.id desc
    limit 1)"};

const db::Statement read_subscription{"read_subscription", SUBSCRIPTION_COLUMNS R"(
    where s.account_id = $1 and (s.id::text = $2 or s.provider_subscription_id = $2))"};

const db::Statement read_subscriptions{"read_subscriptions", SUBSCRIPTION_COLUMNS R"(
    where s.account_id = $1
    order by s.status in ('active', 'trialing', 'past_due') desc,
             s.status not in ('canceled', 'incomplete_expired') desc,
             coalesce(s.provider_created_at, s.created_at) desc, s.id desc
    limit 100)"};

const db::Statement read_newest_subscription{"read_newest_subscription", SUBSCRIPTION_COLUMNS R"(
    where s.account_id = $1 and s.plan_family = $2
    order by coalesce(s.provider_created_at, s.created_at) desc, s.id desc
    limit 1)"};

const db::Statement read_invoices{"read_invoices", R"(
    select i.id, i.account_id as user_id, i.provider,
           case i.provider when 'stripe' then i.provider_invoice_id end as stripe_invoice_id,
           case i.provider when 'stripe' then c.provider_customer_id end as stripe_customer_id,
           case i.provider when 'stripe' then i.provider_subscription_id end as stripe_subscription_id,
           i.number, i.status, i.amount_due, i.amount_paid, i.amount_remaining, i.subtotal, i.total,
           i.currency, i.invoice_pdf, i.hosted_invoice_url, i.billing_reason, i.line_items,
           i.period_start, i.period_end, i.paid_at, i.due_date, i.next_payment_attempt,
           i.attempt_count, i.created_at
    from paydesk.invoices i
    left join paydesk.customers c on c.account_id = i.account_id and c.provider = i.provider
    where i.account_id = $1 and i.status <> 'draft'
      and ($3::uuid is null or (i.created_at, i.id) <
           (select b.created_at, b.id from paydesk.invoices b where b.account_id = $1 and b.id = $3))
    order by i.created_at desc, i.id desc
    limit $2)"};

const db::Statement read_invoice_exists{"read_invoice_exists", R"(
    select id from paydesk.invoices where account_id = $1 and id = $2)"};

const db::Statement read_payment_methods{"read_payment_methods", R"(
    select m.id, m.account_id as user_id, m.provider,
           case m.provider when 'stripe' then m.provider_payment_method_id end
               as stripe_payment_method_id,
           case m.provider when 'stripe' then c.provider_customer_id end as stripe_customer_id,
           m.type, m.card_brand, m.card_last4, m.card_exp_month, m.card_exp_year, m.is_default,
           m.created_at
    from paydesk.payment_methods m
    left join paydesk.customers c on c.account_id = m.account_id and c.provider = m.provider
    where m.account_id = $1 and m.detached_at is null
    order by m.is_default desc, m.created_at desc, m.id desc)"};

const db::Statement read_checkout{"read_checkout", R"(
    select k.id, k.provider_checkout_id, k.status, k.mode, k.plan_key, k.plan_family, k.expires_at
    from paydesk.checkouts k
    where k.account_id = $1 and (k.provider_checkout_id = $2 or k.id::text = $2))"};

// "status": open, processing, complete, expired: what was given up has expired for people.
const db::Statement read_order{"read_order", R"(
    select k.provider_checkout_id as "orderId", k.id as checkout_id,
           case k.status when 'creating' then 'open' when 'abandoned' then 'expired'
                         when 'failed' then 'expired' else k.status end as status,
           k.url as "approvalUrl", k.plan_key, k.quantity,
           coalesce(p.amount, k.unit_amount * k.quantity) as amount,
           coalesce(p.currency, k.currency) as currency, k.description,
           p.provider_charge_id as "captureId", p.id as payment_id, k.created_at, k.completed_at
    from paydesk.checkouts k
    left join paydesk.payments p on p.account_id = k.account_id and p.provider = k.provider
         and ((p.source_kind = 'checkout' and p.source_id = k.provider_checkout_id)
              or (p.source_kind = 'invoice' and p.source_id = k.provider_invoice_id
                  and p.provider_payment_id = k.provider_checkout_id))
    where k.account_id = $1 and (k.provider_checkout_id = $2 or k.id::text = $2)
      and k.provider = 'paypal' and k.mode = 'payment')"};

}  // namespace paydesk::billing
