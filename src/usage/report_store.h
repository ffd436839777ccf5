#pragma once
// usage_reports: SQL, nothing else.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/decimal.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::usage::report_store {

// Turns up to `limit` hours that the provider does not know, and that are over at `over_at`, into pending reports.
// Gives how many hours that were.
Task<std::size_t> make(db::Database& db, Instant now, Instant over_at, std::int64_t limit);

struct Pending {
    std::string account, identifier, event_name;
    provider::Ref customer;
    Decimal quantity, level;
    Instant at;
    std::optional<provider::Ref> item =
        {};  // that takes usage records, by the meter's record_prices
};
// The oldest first.
Task<std::vector<Pending>> pending(db::Database& db, std::int64_t limit);

// What somebody else has told the provider of an hour: not to be told again. Of a metric that counts the last value:
// that value.
struct Elsewhere {
    std::string account, metric;
    Instant hour, period_start;
    Decimal quantity;
};
// REQUIRES: each hour once.
Task<> told_elsewhere(db::Tx& tx, std::vector<Elsewhere> hours, Instant now);

// How it ended: sent where there is no error.
Task<> finish(db::Database& db, Pending report, std::optional<std::string> error, Instant now);

// The metrics whose meter at the provider is known.
Task<std::set<std::string>> meters(db::Database& db);
Task<> keep_meter(db::Database& db, std::string metric, std::string event_name,
                  provider::Ref meter);

}  // namespace paydesk::usage::report_store
