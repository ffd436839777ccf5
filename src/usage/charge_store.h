#pragma once
// usage_charges: SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/money.h"
#include "db/database.h"
#include "provider/change.h"
#include "usage/totals.h"

namespace paydesk::usage::charge_store {

// A metric of a period whose invoice is a draft, and that is not charged yet.
struct Due {
    Totals totals;
    std::string invoice, currency;
    bool in_trial = false;
};
// The oldest first, but for the first `skipped`: those that the caller could do nothing about stay due.
Task<std::vector<Due>> due(db::Database& db, std::vector<std::string> metrics,
                           Instant drafted_before, std::int64_t limit, std::int64_t skipped);

struct Charge {
    std::string account, metric;
    Period period;
    provider::Ref invoice, customer;
    Decimal quantity;
    Money amount;
    std::string description;
    std::int64_t events = 0;  // that it is rated of
};
// Those that are not there yet, and whose period has got no event since it was rated. Gives how many that were. What
// is counted in such a period from then on is late.
Task<std::size_t> add(db::Database& db, std::vector<Charge> charges, Instant now);
// Pending ones, the oldest first.
Task<std::vector<Charge>> pending(db::Database& db, std::int64_t limit);
// How it ended: charged with an item, refused with an error.
Task<> finish(db::Database& db, Charge charge, std::optional<provider::Ref> item,
              std::optional<std::string> error, Instant now);

}  // namespace paydesk::usage::charge_store
