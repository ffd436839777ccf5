#include "billing/invoice_order_store.h"

#include "base/assert.h"
#include "billing/provider_name.h"

namespace paydesk::billing::invoice_order_store {
namespace {

constexpr db::Statement select_owed{"invoice_order_find", R"(
    select provider, provider_invoice_id, status, billing_reason, hosted_invoice_url, amount_remaining, currency,
           period_start, period_end
    from paydesk.invoices
    where account_id = $1 and (id::text = $2 or provider_invoice_id = $2) and status <> 'draft')"};

}  // namespace

Task<std::optional<Owed>> find(db::Database& db, AccountId account, std::string invoice) {
    const db::Rows rows = co_await db.run(select_owed, {account.value, std::move(invoice)});
    if (rows.empty()) co_return std::nullopt;
    const auto provider = parse_provider(rows.text(0, "provider"));
    const auto currency = Currency::parse(rows.text(0, "currency"));
    PD_ASSERT(provider &&
              currency);  // by constraint; only currencies that we support are ever stored
    co_return Owed{.provider = *provider,
                   .invoice = std::string(rows.text(0, "provider_invoice_id")),
                   .status = std::string(rows.text(0, "status")),
                   .billing_reason = rows.optional_text(0, "billing_reason"),
                   .hosted_invoice_url = rows.optional_text(0, "hosted_invoice_url"),
                   .amount_remaining = Money(rows.integer(0, "amount_remaining"), *currency),
                   .period_start = rows.optional_instant(0, "period_start"),
                   .period_end = rows.optional_instant(0, "period_end")};
}

}  // namespace paydesk::billing::invoice_order_store
