#include "billing/payment_store.h"

#include <map>
#include <tuple>

#include "base/assert.h"
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
       select r.account_id, r.id, r.provider, r.source_kind, r.source_id, r.provider_payment_id,
           r.provider_invoice_id, r.amount, r.currency, r.status, r.description, r.created_at
       from json_to_recordset($1::json) as r(account_id uuid, id uuid, provider text,
           source_kind text, source_id text, provider_payment_id text, provider_invoice_id text,
           amount bigint, currency text, status text, description text, created_at timestamptz)
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
    using recordset::value;
    if (payments.empty()) co_return;
    // Of several tellings of one payment in a batch, one: `on conflict` takes a row only once.
    std::map<std::tuple<std::string, std::string, std::string>, const Payment*> once;
    for (const auto& payment : payments) {
        auto& chosen = once[{payment.account.value, payment.source_kind, payment.source_id}];
        if (chosen == nullptr || (!chosen->payment && payment.payment)) chosen = &payment;
    }
    json::array rows;
    for (const auto& [key, payment] : once) {
        rows.push_back(json::object{
            {"account_id",          value(payment->account.value)                 },
            {"id",                  value(uuid_v7(now))                           },
            {"provider",            value(provider::to_string(payment->provider)) },
            {"source_kind",         value(payment->source_kind)                   },
            {"source_id",           value(payment->source_id)                     },
            {"provider_payment_id", value(payment->payment)                       },
            {"provider_invoice_id", value(payment->invoice)                       },
            {"amount",              value(payment->amount.minor_units())          },
            {"currency",            value(payment->amount.currency().lower_code())},
            {"status",              value(payment->status)                        },
            {"description",         value(payment->description)                   },
            {"created_at",          value(payment->created_at)                    }
        });
    }
    co_await tx.run(add_payments, {recordset::param(rows)});
}

}  // namespace paydesk::billing::payment_store
