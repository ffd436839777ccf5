#pragma once
// Decides which buckets pay for a charge. Pure: no clock, no database, no order that depends on how the
// rows came back.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"

namespace paydesk::credits {

// An expiry that never comes.
inline constexpr Instant never = Instant::max();

struct Bucket {
    std::string id;
    std::int64_t remaining;  // credits, never negative
    std::int32_t priority;   // lower burns first
    Instant effective_at;
    Instant expires_at;  // exclusive
};

struct Burn {
    std::string bucket;
    std::int64_t amount;  // always positive
    friend bool operator==(const Burn&, const Burn&) = default;
};

struct BurnPlan {
    std::vector<Burn> burns;  // in the order in which they apply
    std::int64_t shortfall = 0;
};

// Burns `amount` credits at `now`: lower priority first, then earlier expiry, then lower id.
// REQUIRES: amount >= 0; every remaining >= 0; ids unique.
// ENSURES:  the burns and the shortfall sum to amount; no bucket burns more than it has, or outside
//           [effective_at, expires_at); the result does not depend on the order of `buckets`.
BurnPlan plan_burn(std::span<const Bucket> buckets, std::int64_t amount, Instant now);

}  // namespace paydesk::credits
