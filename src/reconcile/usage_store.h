#pragma once
// What was used, and what of it the provider's meters were told: SQL, nothing else.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/decimal.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::reconcile::usage_store {

// The next accounts that are somebody at the provider, in the order of their ids.
Task<std::vector<std::string>> next_accounts(db::Database& db, provider::Name provider,
                                             std::string after, std::int64_t limit);

// Hours whose usage a meter charges and that no report says all of, though they count as reported.
struct Untold {
    std::string account, metric;
    std::int64_t hours = 0;
    bool is_invoiced =
        false;  // their period is: the provider would charge no report of them any more
};
Task<std::vector<Untold>> untold(db::Database& db, provider::Name provider,
                                 std::vector<std::string> accounts, Instant since);
// Those of `untold` that are not invoiced are reported by the next report job. Gives how many hours.
Task<std::int64_t> report_again(db::Database& db, provider::Name provider,
                                std::vector<std::string> accounts, Instant since);

// What was used in a period that is invoiced, and that no line on its invoice was made of.
struct Uncharged {
    std::string account, metric;
    Instant period_start;
};
Task<std::vector<Uncharged>> uncharged(db::Database& db, provider::Name provider,
                                       std::vector<std::string> accounts, Instant since);

// What a customer's meter was told of the time from `since` until `until`.
struct Told {
    std::string account, metric;
    provider::Ref customer, meter;
    Decimal quantity;  // the sum, or the last value
    std::int64_t refused = 0;
    bool in_flight = false;  // something of it is pending, or was sent after `settled`
};
Task<std::vector<Told>> told(db::Database& db, provider::Name provider,
                             std::vector<std::string> accounts, Instant since, Instant until,
                             Instant settled);

}  // namespace paydesk::reconcile::usage_store
