#pragma once
// What usage costs. Pure: no clock, no database, no binary fraction; each line is rounded once, half away from
// zero, to whole minor units (Stripe: rounding happens once per line).

#include "base/money.h"
#include "catalog/usage_price.h"
#include "usage/event.h"

namespace paydesk::usage {

// The cost of `used` units in a period. Less than nothing (corrections) costs what nothing does.
//   billable = used - included, at least 0
//   per_unit   billable / per x price                    package  whole packages of `per`, begun ones count
//   graduated  each tier's units / per x its price, and the flat of each tier that is reached
//   volume     all billable units / per x the price of the tier that they reach, and its flat
//   and always the price's own flat. The first tier is reached with no unit at all (Stripe).
// Refuses with invalid_input a cost beyond int64 minor units.
Result<Money> rate(const catalog::UsagePrice& price, Decimal used, Currency currency);

// What `used` will be at the period's end, going on as until now: for what adds up. The first day counts as a
// whole one. Rounded down: to whole units where `used` is whole, else to twelve decimals. `used` itself before
// the period has begun and after its end.
inline constexpr std::chrono::hours forecast_after{24};
Decimal forecast(Decimal used, const Period& period, Instant now);

}  // namespace paydesk::usage
