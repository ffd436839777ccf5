#pragma once
// When somebody runs low: what they spend takes their balance down to a part of their newest grant, or
// below. Pure; said once for each grant, whatever goes up and down in between.

#include <cstdint>
#include <optional>

#include "credits/ledger.h"

namespace paydesk::credits {

// PAYDESK_CREDITS_LOW_PERCENT: 0 says nothing, ever.
inline constexpr std::int64_t low_percent_default = 10;
inline constexpr std::int64_t low_percent_max = 90;

struct RanLow {
    std::string grant;         // the bucket that it is a part of
    std::int64_t balance = 0;  // what was left then
    std::int64_t threshold = 0;
};

// The first transaction since the ledger was loaded that spent down through `percent` of the newest grant in
// effect: of the plan's or the free month where there is one, else of what was bought or given.
std::optional<RanLow> ran_low(const Ledger& ledger, std::int64_t percent);

}  // namespace paydesk::credits
