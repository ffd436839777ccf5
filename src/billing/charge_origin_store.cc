#include "billing/charge_origin_store.h"

#include "base/assert.h"
#include "billing/link_charges_flow.h"
#include "billing/recordset.h"

namespace paydesk::billing::charge_origin_store {

namespace {

// The distance doubles with each answer that did not help, up to some three days.
const db::Statement select_due{
    "billing_charges_to_ask_about",
    R"(select account_id, id, provider_charge_id, provider_payment_id, amount, currency, status
       from paydesk.charges
       where provider = $1 and provider_invoice_id is null and provider_checkout_id is null
         and not is_standalone and status <> 'failed'
         and coalesce(origin_asked_at + interval '1 minute' * (2 ^ least(origin_asks, 12)),
                      updated_at) <= $2
       order by created_at, id limit $3)"};

const db::Statement name_payment_of_invoice{
    "billing_name_payment_of_invoice",
    R"(update paydesk.invoices set provider_payment_id = coalesce(provider_payment_id, $4)
       where account_id = $1 and provider = $2 and provider_invoice_id = $3)"};

const db::Statement save_origin{"billing_save_charge_origin",
                                R"(update paydesk.charges
       set provider_invoice_id = coalesce(provider_invoice_id, $3),
           provider_checkout_id = coalesce(provider_checkout_id, $4),
           is_standalone = $5, origin_asked_at = $6, origin_asks = origin_asks + 1
       where account_id = $1 and id = $2)"};

}  // namespace

Task<std::vector<Unlinked>> due(db::Database& db, provider::Name provider, Instant now,
                                std::int64_t limit) {
    const auto rows =
        co_await db.run(select_due, {db::param(provider::to_string(provider)),
                                     db::param(now - link_charges_delay), db::param(limit)});
    std::vector<Unlinked> charges;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto currency = Currency::parse(rows.text(i, "currency"));
        PD_ASSERT(currency.has_value());  // only currencies that we support are ever stored
        charges.push_back({.account = {std::string(rows.text(i, "account_id"))},
                           .id = std::string(rows.text(i, "id")),
                           .charge = std::string(rows.text(i, "provider_charge_id")),
                           .payment = rows.optional_text(i, "provider_payment_id"),
                           .provider = provider,
                           .amount = Money(rows.integer(i, "amount"), *currency),
                           .succeeded = rows.text(i, "status") == "succeeded"});
    }
    co_return charges;
}

Task<bool> record(db::Tx& tx, Unlinked charge, provider::PaymentOrigin origin, Instant now) {
    bool known = true;
    if (origin.invoice) {
        const auto named =
            co_await tx.run(name_payment_of_invoice,
                            {charge.account.value, db::param(provider::to_string(charge.provider)),
                             origin.invoice->value, charge.payment});
        known = named.affected() > 0;
    }
    const auto text = [known](const std::optional<provider::Ref>& ref) {
        return ref && known ? db::Param(ref->value) : db::Param{};
    };
    const bool standalone = !origin.invoice && !origin.checkout;
    co_await tx.run(save_origin, {charge.account.value, charge.id, text(origin.invoice),
                                  text(origin.checkout), db::param(standalone), db::param(now)});
    co_return known;
}

}  // namespace paydesk::billing::charge_origin_store
