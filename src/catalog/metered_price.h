#pragma once
// What a plan charges for usage, as the provider's meters rate it: to the same cent as usage/rating.h.

#include "catalog/usage_price.h"
#include "provider/metering.h"

namespace paydesk::catalog {

struct MeteredTiers {
    bool is_volume = false;
    std::vector<provider::UsageTier> tiers;
};

// Included units become a first tier that costs nothing, the price's flat fee is that of the first tier (of every one,
// by volume), and a price for `per` units that of one.
// REQUIRES: price.costs().
// Refuses with invalid_input, in words that follow the name of the price, what meters cannot rate alike: packages,
// included units of a volume price, tiers or included units that are not whole, a price of one unit without an end.
Result<MeteredTiers> metered_tiers(const UsagePrice& price);

}  // namespace paydesk::catalog
