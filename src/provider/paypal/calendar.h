#pragma once
// PayPal's billing intervals, by the calendar. Pure.

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace paydesk::provider::paypal {

enum class Unit : std::uint8_t { day, week, month, year };

// `count` units after `anchor` (before it, where negative), at its time of day. Months and years end on the
// month's last day where it has no such day: one month after January 31st is February 28th, two are March 31st.
Instant after(Instant anchor, Unit unit, std::int64_t count);

// Time in steps of `count` units from `anchor` on: step k is [start_of(k), start_of(k + 1)).
struct Grid {
    Instant anchor;
    Unit unit = Unit::month;
    std::int64_t count = 1;

    Instant start_of(std::int64_t step) const { return after(anchor, unit, step * count); }
    std::int64_t step_of(Instant at) const;
};

// "2026-06-01".
std::string date_text(Instant at);

}  // namespace paydesk::provider::paypal
