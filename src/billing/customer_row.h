#pragma once
// A customer as it is stored: what apply_change loads, decides about and saves.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct CustomerRow {
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::optional<std::string> customer;  // the provider's id; none: intended, not made yet
    std::optional<Instant> stamp;         // none: no snapshot yet, any is newer
    std::string revision;
    std::optional<Instant> deleted_at;

    struct Content {
        std::optional<std::string> email, name, default_payment_method;
        bool deleted = false;
        friend bool operator==(const Content&, const Content&) = default;
    } content;
};

// Pure. A deleted customer keeps what was known of it: its bare snapshot says nothing.
CustomerRow::Content content_of(const provider::CustomerSnapshot& snapshot,
                                const CustomerRow::Content& before);

namespace customer_rows {
// Locks and loads the customers of these accounts at the provider.
Task<std::vector<CustomerRow>> load(db::Tx& tx, provider::Name provider,
                                    std::set<AccountId> accounts);
// Overwrites. REQUIRES: the rows exist.
Task<> save(db::Tx& tx, std::vector<CustomerRow> rows);
}  // namespace customer_rows

}  // namespace paydesk::billing
