#pragma once
// Charges of which nobody has told what they were for: SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
#include "db/database.h"
#include "provider/provider.h"

namespace paydesk::billing::charge_origin_store {

struct Unlinked {
    AccountId account;
    std::string id, charge;              // ours, the provider's
    std::optional<std::string> payment;  // payment intent; none: it cannot be of an invoice
    provider::Name provider;
    Money amount;
    bool succeeded;
};

// Those that are due to be asked about, the oldest first.
Task<std::vector<Unlinked>> due(db::Database& db, provider::Name provider, Instant now,
                                std::int64_t limit);

// Records what the provider says. Of an invoice that is not known here nothing is recorded but when it
// was asked; false then.
Task<bool> record(db::Tx& tx, Unlinked charge, provider::PaymentOrigin origin, Instant now);

}  // namespace paydesk::billing::charge_origin_store
