#pragma once
// What the events of a billing period, or of an hour, add up to: one row holds every aggregation.

#include <optional>
#include <string>

#include "catalog/plans_file.h"
#include "db/database.h"
#include "usage/event.h"

namespace paydesk::usage {

struct Sums {
    std::int64_t events = 0;
    Decimal quantity = {};
    Decimal maximum = {};
    std::optional<Decimal> last_value = {};
    std::int64_t uniques = 0;

    // The one number that limits and prices are about.
    Decimal used(catalog::Aggregation aggregation) const;
};

struct Totals {
    AccountId account;
    std::string metric;
    Period period;
    std::optional<std::string> plan_key = {};  // none: no subscription in it
    Sums sums = {};
    std::int64_t late_events = 0;
    std::int64_t notified_percent = 0;
};

// Of the columns events, quantity, maximum, last_value, uniques.
Sums read_sums(const db::Rows& rows, std::size_t row);
// Also of account_id, metric, period_start, period_end, plan_key, late_events, notified_percent.
Totals read_totals(const db::Rows& rows, std::size_t row);

// What Postgres says of a numeric. REQUIRES: the column holds one that Decimal holds.
Decimal read_decimal(const db::Rows& rows, std::size_t row, std::string_view column);

}  // namespace paydesk::usage
