#include "billing/payment_settlement.h"

#include "base/assert.h"
#include "billing/columns.h"

namespace paydesk::billing::payment_settlement {

namespace {

// The keys: account_id[], provider[], charge[], payment[], invoice[].
#define PD_SETTLEMENT_KEYS                                                            \
    "select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider, " \
    "unnest($3::text[]) as charge, unnest($4::text[]) as payment, unnest($5::text[]) as invoice "

// The charges of key `k`: by its charge, payment or invoice, each by index.
#define PD_CHARGES_OF_KEY                                                          \
    "select t.* from paydesk.charges t where t.account_id = k.account_id "         \
    "and t.provider = k.provider and t.provider_charge_id = k.charge union all "   \
    "select t.* from paydesk.charges t where t.account_id = k.account_id "         \
    "and t.provider = k.provider and t.provider_payment_id = k.payment union all " \
    "select t.* from paydesk.charges t where t.account_id = k.account_id "         \
    "and t.provider = k.provider and t.provider_invoice_id = k.invoice"

// Which keys have anything to settle: most charges are told of before anybody knows what they paid.
// Sub-selects of one row and not `exists`, of which Postgres would make hash tables of whole tables.
#define PD_PAYMENT_EXISTS                                                     \
    "(select true from paydesk.payments p where p.account_id = c.account_id " \
    "and p.provider = c.provider and "

const db::Statement find_work{
    "billing_settle_find_work",
    "select distinct k.n from (" PD_SETTLEMENT_KEYS
    ", generate_subscripts($1::text[], 1) as n) k cross join lateral ("
    "select true as found from (" PD_CHARGES_OF_KEY
    ") c "
    "where c.status = 'failed' or c.is_standalone "
    "or " PD_PAYMENT_EXISTS
    "p.provider_payment_id = c.provider_payment_id limit 1) "
    "or " PD_PAYMENT_EXISTS
    "p.source_kind = 'invoice' and p.source_id = c.provider_invoice_id) "
    "or " PD_PAYMENT_EXISTS
    "p.source_kind = 'checkout' and p.source_id = c.provider_checkout_id) "
    "or " PD_PAYMENT_EXISTS
    "p.source_kind = 'charge' and p.source_id = c.provider_charge_id) "
    R"(union all
       select true from paydesk.invoices i
       where i.account_id = k.account_id and i.provider = k.provider
         and i.provider_payment_id = k.payment
         and (select true from paydesk.payments p
              where p.account_id = i.account_id and p.provider = i.provider
                and p.source_kind = 'invoice' and p.source_id = i.provider_invoice_id
                and p.provider_payment_id is null)
       limit 1) due)"};

#undef PD_PAYMENT_EXISTS

// The charges that the keys mean, each once.
#define PD_SETTLED_CHARGES                                                    \
    "with keys as materialized (" PD_SETTLEMENT_KEYS                          \
    "), settled as materialized (select distinct c.* from keys k cross join " \
    "lateral (" PD_CHARGES_OF_KEY ") c) "

// A charge and the invoice's or checkout's payment find each other by the payment intent, or by the
// invoice where the charge names it (until acacia).
const db::Statement link_payments{"billing_settle_link_payments", PD_SETTLED_CHARGES R"(
       , invoiced as (
           select i.* from keys k cross join lateral (
               select t.account_id, t.provider, t.provider_invoice_id, t.provider_payment_id
               from paydesk.invoices t
               where t.account_id = k.account_id and t.provider = k.provider
                 and t.provider_payment_id = k.payment offset 0) i
           union
           select c.account_id, c.provider, c.provider_invoice_id, c.provider_payment_id
           from settled c where c.provider_invoice_id is not null)
       update paydesk.payments p set provider_payment_id = i.provider_payment_id
       from invoiced i
       where p.account_id = any ($1::text[]::uuid[])
         and p.account_id = i.account_id and p.provider = i.provider
         and p.source_kind = 'invoice' and p.source_id = i.provider_invoice_id
         and p.provider_payment_id is null and i.provider_payment_id is not null)"};

const db::Statement link_charges{"billing_settle_link_charges", PD_SETTLED_CHARGES R"(
       update paydesk.charges c
       set provider_invoice_id = coalesce(c.provider_invoice_id,
               case p.source_kind when 'invoice' then p.source_id end),
           provider_checkout_id = coalesce(c.provider_checkout_id,
               case p.source_kind when 'checkout' then p.source_id end)
       from settled s cross join lateral (
           select t.source_kind, t.source_id from paydesk.payments t
           where t.account_id = s.account_id and t.provider = s.provider
             and t.provider_payment_id = s.provider_payment_id and t.source_kind <> 'charge'
           offset 0) p
       where c.account_id = any ($1::text[]::uuid[]) and c.account_id = s.account_id
         and c.id = s.id and c.provider_invoice_id is null and c.provider_checkout_id is null)"};

const db::Statement add_charges{"billing_settle_add_charges", PD_SETTLED_CHARGES R"(
       insert into paydesk.payments as p (account_id, id, provider, source_kind, source_id,
           provider_payment_id, provider_charge_id, provider_invoice_id, amount, currency, status,
           description, receipt_url, metadata, created_at)
       select c.account_id, c.id, c.provider, 'charge', c.provider_charge_id,
           c.provider_payment_id, c.provider_charge_id, c.provider_invoice_id, c.amount, c.currency,
           c.status, coalesce(c.description, c.failure_message), c.receipt_url,
           case when c.failure_code is null then '{}'::jsonb
                else jsonb_build_object('failure_code', c.failure_code,
                                        'failure_message', c.failure_message) end,
           c.created_at
       from settled c where c.status = 'failed' or c.is_standalone
       on conflict (account_id, provider, source_kind, source_id) do update set
           status = case when p.amount_refunded > 0 then p.status else excluded.status end,
           provider_invoice_id = coalesce(excluded.provider_invoice_id, p.provider_invoice_id),
           receipt_url = excluded.receipt_url,
           description = excluded.description
       where (p.receipt_url, p.description, p.provider_invoice_id, p.status)
             is distinct from
             (excluded.receipt_url, excluded.description,
              coalesce(excluded.provider_invoice_id, p.provider_invoice_id),
              case when p.amount_refunded > 0 then p.status else excluded.status end))"};

// What the provider says of the charge and what we know of its refunds: the refunds alone where they
// explain all of it (one of them may have failed since), else the larger.
const db::Statement settle_payments{"billing_settle_payments", PD_SETTLED_CHARGES R"(
       , refunded as (
           select c.*,
                  case when f.told >= c.amount_refunded then f.good
                       else greatest(c.amount_refunded, f.good) end as refunded
           from settled c
           cross join lateral (
               select coalesce(sum(r.amount), 0)::bigint as told,
                      coalesce(sum(r.amount) filter (where r.status in ('pending', 'succeeded')),
                               0)::bigint as good
               from paydesk.refunds r
               where r.account_id = c.account_id and r.provider = c.provider
                 and r.provider_charge_id = c.provider_charge_id
                 and r.provider_refund_id is not null) f
           where c.status = 'succeeded')
       , paid as (
           select p.account_id, p.id, p.amount_refunded as before, c.provider_charge_id,
                  c.receipt_url, least(c.refunded, p.amount) as refunded
           from refunded c cross join lateral (
               select t.* from paydesk.payments t
               where t.account_id = c.account_id and t.provider = c.provider
                 and t.source_kind = 'charge' and t.source_id = c.provider_charge_id
               union all
               select t.* from paydesk.payments t
               where t.account_id = c.account_id and t.provider = c.provider
                 and t.source_kind = 'invoice' and t.source_id = c.provider_invoice_id
               union all
               select t.* from paydesk.payments t
               where t.account_id = c.account_id and t.provider = c.provider
                 and t.source_kind = 'checkout' and t.source_id = c.provider_checkout_id) p)
       update paydesk.payments p
       set provider_charge_id = d.provider_charge_id,
           receipt_url = coalesce(d.receipt_url, p.receipt_url),
           amount_refunded = d.refunded,
           status = case when d.refunded = 0 then 'succeeded'
                         when d.refunded < p.amount then 'partially_refunded'
                         else 'refunded' end
       from paid d
       where p.account_id = any ($1::text[]::uuid[])
         and p.account_id = d.account_id and p.id = d.id
         and (p.provider_charge_id, p.receipt_url, p.amount_refunded, p.status)
             is distinct from
             (d.provider_charge_id, coalesce(d.receipt_url, p.receipt_url), d.refunded,
              case when d.refunded = 0 then 'succeeded'
                   when d.refunded < p.amount then 'partially_refunded' else 'refunded' end)
       returning p.account_id, p.id, p.provider, p.source_kind, p.source_id, p.amount, p.currency,
                 p.amount_refunded, d.before)"};

const db::Statement settle_refunds{"billing_settle_refunds", PD_SETTLED_CHARGES R"(
       , paid as (
           select c.account_id, c.provider, c.provider_charge_id, p.id
           from settled c cross join lateral (
               select t.id from paydesk.payments t
               where t.account_id = c.account_id and t.provider = c.provider
                 and t.provider_charge_id = c.provider_charge_id offset 0) p)
       , of_disputes as (
           update paydesk.disputes d set payment_id = p.id from paid p
           where d.account_id = any ($1::text[]::uuid[])
             and d.account_id = p.account_id and d.provider = p.provider
             and d.provider_charge_id = p.provider_charge_id and d.payment_id is null)
       update paydesk.refunds r set payment_id = p.id from paid p
       where r.account_id = any ($1::text[]::uuid[])
         and r.account_id = p.account_id and r.provider = p.provider
         and r.provider_charge_id = p.provider_charge_id and r.payment_id is null)"};

#undef PD_SETTLEMENT_KEYS
#undef PD_CHARGES_OF_KEY
#undef PD_SETTLED_CHARGES

RefundedPayment read(const db::Rows& rows, std::size_t i) {
    const auto currency = Currency::parse(rows.text(i, "currency"));
    PD_ASSERT(currency.has_value());  // only currencies that we support are ever stored
    return {.account = {std::string(rows.text(i, "account_id"))},
            .payment_id = std::string(rows.text(i, "id")),
            .provider = std::string(rows.text(i, "provider")),
            .source_kind = std::string(rows.text(i, "source_kind")),
            .source_id = std::string(rows.text(i, "source_id")),
            .amount = Money(rows.integer(i, "amount"), *currency),
            .refunded = Money(rows.integer(i, "amount_refunded"), *currency),
            .refunded_before = Money(rows.integer(i, "before"), *currency)};
}

template <class Keys>
db::Params to_params(const Keys& keys) {
    using namespace columns;
    return {texts(keys, &Key::account), texts(keys, &Key::provider), texts(keys, &Key::charge),
            texts(keys, &Key::payment), texts(keys, &Key::invoice)};
}

}  // namespace

Task<std::vector<RefundedPayment>> settle(db::Tx& tx, std::set<Key> keys) {
    std::vector<RefundedPayment> changed;
    if (keys.empty()) co_return changed;
    const auto work = co_await tx.run(find_work, to_params(keys));
    if (work.empty()) co_return changed;
    const std::vector<Key> all(keys.begin(), keys.end());
    std::vector<Key> due;
    for (std::size_t i = 0; i < work.size(); ++i) {
        due.push_back(all.at(static_cast<std::size_t>(work.integer(i, "n")) - 1));
    }
    const db::Params params = to_params(due);
    co_await tx.run(link_payments, params);
    co_await tx.run(link_charges, params);
    co_await tx.run(add_charges, params);
    const auto settled = co_await tx.run(settle_payments, params);
    for (std::size_t i = 0; i < settled.size(); ++i) {
        auto payment = read(settled, i);
        if (payment.refunded != payment.refunded_before) changed.push_back(std::move(payment));
    }
    co_await tx.run(settle_refunds, params);
    co_return changed;
}

}  // namespace paydesk::billing::payment_settlement
