#pragma once
// Billing periods: calendar arithmetic from an anchor, in UTC.

#include <cstdint>
#include <string_view>

namespace paydesk::sandbox::stripe {

// The first boundary after `after` of the periods that run from `anchor`, `count` intervals each.
// A month without the anchor's day ends on its last day (January 31st -> February 28th -> March
// 31st). REQUIRES: interval is day, week, month or year; count is positive; after >= anchor.
std::int64_t next_boundary(std::int64_t anchor, std::int64_t after, std::string_view interval,
                           std::int64_t count);

// Where the period that ends at `boundary` begins. REQUIRES: as above.
std::int64_t previous_boundary(std::int64_t boundary, std::string_view interval,
                               std::int64_t count);

// amount * part / whole, half away from zero; 0 where there is no whole.
std::int64_t prorated(std::int64_t amount, std::int64_t part, std::int64_t whole);

}  // namespace paydesk::sandbox::stripe
