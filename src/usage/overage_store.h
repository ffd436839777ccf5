#pragma once
// Ended periods of subscriptions whose provider has no invoice to put usage on (PayPal): SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "db/database.h"
#include "provider/change.h"
#include "usage/rate_total.h"

namespace paydesk::usage::overage_store {

struct EndedPeriod {
    AccountId account;
    std::string subscription_id;  // ours
    provider::Ref subscription, customer;
    Period period;
    std::string plan_key, currency;  // currency "": the subscription has none
    bool in_trial = false;
};

// Not invoiced yet and over since `before` at the latest, those that ended first at the head; the page that comes
// behind `last`.
Task<std::vector<EndedPeriod>> ended(db::Database& db, Instant before,
                                     std::optional<EndedPeriod> last, std::int64_t limit);

// What was counted in it of the metrics, by the period's own plan.
Task<std::vector<Totals>> totals(db::Database& db, const EndedPeriod& ended,
                                 std::vector<std::string> metrics);

struct Charge {
    std::string metric;
    RatedTotal rated;
    std::int64_t events = 0;  // that it is rated of
};

// The charges of the period, which are those of `invoice`, and that it is invoiced: what is counted in it from now on
// is late. False where that is not so any more: something of `metrics` was counted since it was rated, the period has
// become another, or another server was first. The transaction must then end without a commit.
Task<bool> close(db::Tx& tx, EndedPeriod ended, std::vector<Charge> charges,
                 std::vector<std::string> metrics, provider::Ref invoice, Instant now);

}  // namespace paydesk::usage::overage_store
