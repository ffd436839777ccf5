#include "billing/payment_store.h"

#include <map>
#include <tuple>

#include "base/assert.h"
#include "billing/columns.h"
#include "billing/recordset.h"

namespace paydesk::billing::payment_store {

const db::Statement list{
    "billing_list_payments",
    R"(select account_id, provider, source_kind, source_id, provider_payment_id, provider_invoice_id,
              amount, currency, status, description, created_at
       from paydesk.payments where account_id = $1
       order by created_at desc, source_id desc limit $2)"};

namespace {

const db::Statement add_payments{
    "billing_add_payments",
    R"(insert into paydesk.payments as p (account_id, id, provider, source_kind, source_id,
           provider_payment_id, provider_invoice_id, amount, currency, status, description, created_at)
       select unnest($1::text[])::uuid, unnest($2::text[])::uuid, unnest($3::text[]),
           unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
           unnest($8::bigint[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]),
           unnest($12::timestamptz[])
       on conflict (account_id, provider, source_kind, source_id) do update
           set provider_payment_id = excluded.provider_payment_id
           where p.provider_payment_id is null and excluded.provider_payment_id is not null)"};

}  // namespace

db::Params list_params(const AccountId& account, std::int64_t limit) {
    PD_ASSERT(limit >= 1 && limit <= list_limit_max);
    return {account.value, db::param(limit)};
}

Payment read(const db::Rows& rows, std::size_t row) {
    const auto currency = Currency::parse(rows.text(row, "currency"));
    PD_ASSERT(currency.has_value());  // only currencies that we support are ever stored
    return {.account = {std::string(rows.text(row, "account_id"))},
            .provider = rows.text(row, "provider") == "paypal" ? provider::Name::paypal
                                                               : provider::Name::stripe,
            .source_kind = std::string(rows.text(row, "source_kind")),
            .source_id = std::string(rows.text(row, "source_id")),
            .payment = recordset::optional_ref(rows, row, "provider_payment_id"),
            .invoice = recordset::optional_ref(rows, row, "provider_invoice_id"),
            .amount = Money(rows.integer(row, "amount"), *currency),
            .status = std::string(rows.text(row, "status")),
            .description = rows.optional_text(row, "description"),
            .created_at = rows.instant(row, "created_at")};
}

Task<> add(db::Tx& tx, std::vector<Payment> payments, Instant now) {
    using namespace columns;
    if (payments.empty()) co_return;
    // Of several tellings of one payment in a batch, one: `on conflict` takes a row only once.
    std::map<std::tuple<std::string, std::string, std::string>, const Payment*> once;
    for (const auto& payment : payments) {
        auto& chosen = once[{payment.account.value, payment.source_kind, payment.source_id}];
        if (chosen == nullptr || (!chosen->payment && payment.payment)) chosen = &payment;
    }
    std::vector<const Payment*> rows;
    std::vector<std::string> ids, currencies;
    for (const auto& [key, payment] : once) {
        rows.push_back(payment);
        ids.push_back(uuid_v7(now));
        currencies.push_back(payment->amount.currency().lower_code());
    }
    using P = Payment;
    co_await tx.run(add_payments,
                    {texts(rows, &P::account), texts(ids, std::identity{}),
                     texts(rows, &P::provider), texts(rows, &P::source_kind),
                     texts(rows, &P::source_id), texts(rows, &P::payment), texts(rows, &P::invoice),
                     numbers(rows, [](const P* payment) { return payment->amount.minor_units(); }),
                     texts(currencies, std::identity{}), texts(rows, &P::status),
                     texts(rows, &P::description), instants(rows, &P::created_at)});
}

}  // namespace paydesk::billing::payment_store
