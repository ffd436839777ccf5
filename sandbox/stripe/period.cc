#include "sandbox/stripe/period.h"

#include <algorithm>
#include <chrono>

#include "base/assert.h"

namespace paydesk::sandbox::stripe {
namespace {

std::int64_t plus_months(std::int64_t anchor, std::int64_t months) {
    using namespace std::chrono;
    const sys_seconds at{seconds{anchor}};
    const auto day_start = floor<days>(at);
    const year_month_day date{day_start};
    const auto month = date.year() / date.month() + std::chrono::months{static_cast<int>(months)};
    const auto last = year_month_day_last{month.year(), month_day_last{month.month()}};
    const auto day = std::min(date.day(), last.day());
    return (sys_days{month / day} + (at - day_start)).time_since_epoch().count();
}

std::int64_t plus(std::int64_t anchor, std::string_view interval, std::int64_t intervals) {
    if (interval == "day") return anchor + intervals * 86400;
    if (interval == "week") return anchor + intervals * 7 * 86400;
    if (interval == "month") return plus_months(anchor, intervals);
    PD_ASSERT(interval == "year");
    return plus_months(anchor, intervals * 12);
}

}  // namespace

std::int64_t next_boundary(std::int64_t anchor, std::int64_t after, std::string_view interval,
                           std::int64_t count) {
    PD_ASSERT(count > 0);
    std::int64_t boundary = anchor;
    for (std::int64_t periods = 1; boundary <= after; ++periods) {
        boundary = plus(anchor, interval, periods * count);
    }
    return boundary;
}

std::int64_t previous_boundary(std::int64_t boundary, std::string_view interval,
                               std::int64_t count) {
    PD_ASSERT(count > 0);
    return plus(boundary, interval, -count);
}

std::int64_t prorated(std::int64_t amount, std::int64_t part, std::int64_t whole) {
    if (whole <= 0) return 0;
    const __int128 doubled = static_cast<__int128>(amount) * part * 2;
    return static_cast<std::int64_t>((doubled + (amount < 0 ? -whole : whole)) / (2 * whole));
}

}  // namespace paydesk::sandbox::stripe
