#pragma once
// What a plan charges for the usage of one metric. How it is computed: usage/rating.h.

#include <boost/json/value.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/decimal.h"

namespace paydesk::catalog {

// per_unit: each unit, also a part of one. package: whole packages of `per` units, begun ones count.
// graduated: each tier's units at its price. volume: all units at the price of the tier they reach.
enum class UsageModel : std::uint8_t { per_unit, package, graduated, volume };
inline constexpr std::array<std::string_view, 4> usage_models = {"per_unit", "package", "graduated",
                                                                 "volume"};
static_assert(usage_models.size() == static_cast<std::size_t>(UsageModel::volume) + 1);

// Amounts are minor units of the plan's currency, with decimals ("0.003" cents).
struct UsageTier {
    std::optional<Decimal> up_to = {};  // units beyond those included; the last tier has none
    Decimal price = {};                 // for `per` units
    Decimal flat = {};                  // once, when the tier is reached; the first always is

    friend bool operator==(const UsageTier&, const UsageTier&) = default;
};

struct UsagePrice {
    UsageModel model = UsageModel::per_unit;
    Decimal included = {};               // units that cost nothing
    Decimal per = Decimal::from_int(1);  // what a price is for: "$0.03 per 1000"
    std::vector<UsageTier> tiers = {};   // per_unit and package: one, or none where usage is free
    Decimal flat = {};                   // every period, whatever was used
    bool limit_is_soft = false;          // the plan's limit warns and does not refuse

    bool costs() const { return !tiers.empty() || !flat.is_zero(); }
    friend bool operator==(const UsagePrice&, const UsagePrice&) = default;
};

// As plans.usage holds it. from_json() gives nothing where it is not what to_json() makes.
boost::json::object to_json(const UsagePrice& price);
std::optional<UsagePrice> usage_price_from_json(const boost::json::value& value);

}  // namespace paydesk::catalog
