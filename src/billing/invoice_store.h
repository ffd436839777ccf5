#pragma once
// invoices: SQL, nothing else.

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/money.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::invoice_store {

struct Invoice {
    AccountId account;
    provider::Name provider;
    provider::Ref invoice;
    std::optional<provider::Ref> subscription;
    provider::InvoiceStatus status;
    Money amount_due, amount_paid, amount_remaining;
    std::optional<std::string> number, billing_reason, hosted_invoice_url, invoice_pdf;
    std::string line_items_json;  // an array
    std::optional<Instant> period_start, period_end, paid_at, due_date;
    Instant created_at;
};

inline constexpr std::int64_t list_limit_max = 100;

// For db::run_as() and tx.run() alike. The newest first; drafts are left out (they may still change).
// REQUIRES: 1 <= limit <= list_limit_max.
extern const db::Statement list;
db::Params list_params(const AccountId& account, std::int64_t limit);
Invoice read(const db::Rows& rows, std::size_t row);

}  // namespace paydesk::billing::invoice_store
