#include "provider/paypal/calendar.h"

#include <string>

namespace paydesk::provider::paypal {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::last;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month_day;

Instant after(Instant anchor, Unit unit, std::int64_t count) {
    const sys_days day = floor<days>(anchor);
    const auto time_of_day = anchor - day;
    if (unit == Unit::day || unit == Unit::week) {
        return day + days(count * (unit == Unit::week ? 7 : 1)) + time_of_day;
    }
    const year_month_day date(day);
    const auto month = date.year() / date.month() + months(count * (unit == Unit::year ? 12 : 1));
    year_month_day moved = month / date.day();
    if (!moved.ok()) moved = month / last;
    return sys_days(moved) + time_of_day;
}

std::int64_t Grid::step_of(Instant at) const {
    // From the average length; the calendar is never further off than a step or two.
    const std::int64_t unit_days = unit == Unit::day     ? 1
                                   : unit == Unit::week  ? 7
                                   : unit == Unit::month ? 30
                                                         : 365;
    std::int64_t step = floor<days>(at - anchor).count() / (unit_days * count);
    while (start_of(step) > at) --step;
    while (start_of(step + 1) <= at) ++step;
    return step;
}

std::string date_text(Instant at) { return to_iso8601(at).substr(0, 10); }

}  // namespace paydesk::provider::paypal
