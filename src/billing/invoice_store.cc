#include "billing/invoice_store.h"

#include "base/assert.h"
#include "billing/recordset.h"

namespace paydesk::billing::invoice_store {

const db::Statement list{
    "billing_list_invoices",
    R"(select account_id, provider, provider_invoice_id, provider_subscription_id, status, currency,
              amount_due, amount_paid, amount_remaining, number, billing_reason, hosted_invoice_url,
              invoice_pdf, line_items, period_start, period_end, paid_at, due_date, created_at
       from paydesk.invoices where account_id = $1 and status <> 'draft'
       order by created_at desc, provider_invoice_id desc limit $2)"};

db::Params list_params(const AccountId& account, std::int64_t limit) {
    PD_ASSERT(limit >= 1 && limit <= list_limit_max);
    return {account.value, db::param(limit)};
}

Invoice read(const db::Rows& rows, std::size_t row) {
    const auto currency = Currency::parse(rows.text(row, "currency"));
    PD_ASSERT(currency.has_value());  // only currencies that we support are ever stored
    const auto amount = [&](std::string_view column) {
        return Money(rows.integer(row, column), *currency);
    };
    return {.account = {std::string(rows.text(row, "account_id"))},
            .provider = rows.text(row, "provider") == "paypal" ? provider::Name::paypal
                                                               : provider::Name::stripe,
            .invoice = {std::string(rows.text(row, "provider_invoice_id"))},
            .subscription = recordset::optional_ref(rows, row, "provider_subscription_id"),
            .status = provider::parse_invoice_status(rows.text(row, "status")).value(),
            .amount_due = amount("amount_due"),
            .amount_paid = amount("amount_paid"),
            .amount_remaining = amount("amount_remaining"),
            .number = rows.optional_text(row, "number"),
            .billing_reason = rows.optional_text(row, "billing_reason"),
            .hosted_invoice_url = rows.optional_text(row, "hosted_invoice_url"),
            .invoice_pdf = rows.optional_text(row, "invoice_pdf"),
            .line_items_json = std::string(rows.text(row, "line_items")),
            .period_start = rows.optional_instant(row, "period_start"),
            .period_end = rows.optional_instant(row, "period_end"),
            .paid_at = rows.optional_instant(row, "paid_at"),
            .due_date = rows.optional_instant(row, "due_date"),
            .created_at = rows.instant(row, "created_at")};
}

}  // namespace paydesk::billing::invoice_store
