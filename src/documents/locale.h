#pragma once
// How amounts, dates and numbers are written for a reader. Exact: integers and Decimal only.

#include <array>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/money.h"

namespace paydesk::documents {

struct Locale {
    std::string language = "en";  // ISO 639-1
    std::string decimal_mark = ".";
    std::string group_mark = ",";
    bool symbol_first = true;               // "$9.00", else "9,00 $" with a space that never breaks
    std::string date = "{month} {d}, {y}";  // {d} {month} {y}
    std::array<std::string, 12> months;
};

// "en" or "de"; English for any other.
const Locale& locale_of(std::string_view language);

// "$1,234.50", "1.234,50 €", "₹1,23,456.00" (rupees are grouped as in India, in every language),
// "¥1,234", "-$5.00"; a currency without a sign of its own by its code: "KWD 1.234".
std::string format_money(Money money, const Locale& locale);

// "November 20, 2026" or "20. November 2026", in UTC.
std::string format_date(Instant instant, const Locale& locale);

// "1,234".
std::string format_count(std::int64_t count, const Locale& locale);

}  // namespace paydesk::documents
