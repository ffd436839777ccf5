#pragma once
// An invoice, as who wants to pay it needs it: SQL, nothing else.

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/money.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::invoice_order_store {

struct Owed {
    provider::Name provider;
    std::string invoice, status;  // the provider's id; as in the column
    std::optional<std::string> billing_reason, hosted_invoice_url;
    Money amount_remaining;
    std::optional<Instant> period_start, period_end;
};

// By our id or the provider's; a draft is nobody's yet.
Task<std::optional<Owed>> find(db::Database& db, AccountId account, std::string invoice);

}  // namespace paydesk::billing::invoice_order_store
