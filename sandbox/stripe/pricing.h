#pragma once
// What a quantity of a price costs: packages, tiers, decimals.
//
// Everything is exact until the end; then the amount is rounded once, half up, to a minor unit.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

// In the price's currency's minor units. A quantity of nothing still costs the flat amount of the
// first tier. Refuses with amount_too_large where no charge can be.
std::int64_t amount_of(const Object& price, Decimal quantity);
std::int64_t amount_of(const Object& price, std::int64_t quantity);

// "12.50" -> "12.5", ".5" -> "0.5". REQUIRES: params.h took it as a decimal.
std::string shortest_decimal(std::string_view text);

// Without what stands after the point.
std::int64_t whole_part(Decimal quantity);

// The price bills what was used, not a quantity that was set.
bool is_metered(const Object& price);

}  // namespace paydesk::sandbox::stripe
