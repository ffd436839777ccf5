#pragma once
// What an account has used: statements for db::run_as(), under the reader's own rights. They read roll-ups, never
// events: the cost does not depend on how many there are.

#include <vector>

#include "usage/consumption.h"
#include "usage/rating.h"
#include "usage/totals.h"

namespace paydesk::usage {

// Of account, instant, metrics. At least one row: the period of that instant, the plan of it (plan_key) and the plan
// that the account may use now (entitled_plan), the subscription's price, and the totals of each metric that was
// used in it (metric NULL: none was).
extern const db::Statement read_period;
db::Params read_period_params(const AccountId& account, Instant at,
                              const std::vector<std::string>& metrics);

// A row per metric and day (UTC), of the columns of read_sums().
extern const db::Statement read_days;
db::Params read_days_params(const AccountId& account, const Period& period,
                            const std::vector<std::string>& metrics);

// One metric's line.
struct UsageLine {
    const Metric* metric;
    Decimal used = {};
    std::int64_t late_events = 0;
    Limit limit = {};
    const catalog::UsagePrice* price = nullptr;  // none: usage costs nothing
    Decimal expected = {};                       // at the period's end
    std::int64_t amount = 0, expected_amount = 0;
};

struct UsageReport {
    Period period = {};
    std::optional<std::string> subscription_id = {}, plan_key = {};
    std::vector<UsageLine> lines = {};
    Currency currency = Currency::usd();
    // What the period costs; false where it cannot be said: a subscription in another currency than plans.toml.
    bool is_rated = true;
    std::int64_t base_amount = 0, amount = 0, expected_amount = 0;
};

// What would be used after `quantity` more.
Decimal used_after(catalog::Aggregation aggregation, Decimal used, Decimal quantity);

// Of the metrics `wanted`, in that order.
// REQUIRES: rows of read_period for these metrics; `metrics` outlives the report.
UsageReport report_usage(const db::Rows& rows, const Metrics& metrics,
                         const std::vector<std::string>& wanted, Instant now);

}  // namespace paydesk::usage
