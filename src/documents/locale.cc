#include "documents/locale.h"

#include <utility>

namespace paydesk::documents {

namespace {

const Locale english{
    .months = {"January", "February", "March", "April", "May", "June", "July", "August",
               "September", "October", "November", "December"}
};

const Locale german{
    .language = "de",
    .decimal_mark = ",",
    .group_mark = ".",
    .symbol_first = false,
    .date = "{d}. {month} {y}",
    .months = {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
               "Oktober", "November", "Dezember"}
};

struct Sign {
    std::string_view code, sign;
};
// Only signs that a reader anywhere takes for this one currency; the dollars of others name their land.
constexpr Sign signs[] = {
    {"USD", "$"  },
    {"EUR", "€"  },
    {"GBP", "£"  },
    {"JPY", "¥"  },
    {"INR", "₹"  },
    {"KRW", "₩"  },
    {"CNY", "CN¥"},
    {"AUD", "A$" },
    {"CAD", "CA$"},
    {"NZD", "NZ$"},
    {"BRL", "R$" },
    {"MXN", "MX$"},
    {"ILS", "₪"  },
    {"VND", "₫"  },
    {"PHP", "₱"  },
};

constexpr const char* no_break_space = "\u00a0";

// Groups of three from the right; in the Indian manner three, then twos: 1,23,456.
std::string grouped(std::string_view digits, std::string_view mark, bool indian) {
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const std::size_t left = digits.size() - i;
        const bool group = left % 3 == 0 && !indian;
        const bool indian_group = indian && (left == 3 || (left > 3 && left % 2 == 1));
        if (i > 0 && (group || indian_group)) text += mark;
        text += digits[i];
    }
    return text;
}

void replace(std::string& text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    if (at != std::string::npos) text.replace(at, what.size(), by);
}

}  // namespace

const Locale& locale_of(std::string_view language) {
    return language.starts_with("de") ? german : english;
}

std::string format_money(Money money, const Locale& locale) {
    std::string decimal = money.to_decimal();
    const bool negative = decimal.starts_with('-');
    if (negative) decimal.erase(0, 1);
    const auto point = decimal.find('.');
    const Currency currency = money.currency();
    const std::string_view code = currency.code();

    // Lakhs and crores are set off by commas; where the group mark is another, so is the manner.
    const bool indian = code == "INR" && locale.group_mark == ",";
    std::string number =
        grouped(std::string_view(decimal).substr(0, point), locale.group_mark, indian);
    if (point != std::string::npos) number += locale.decimal_mark + decimal.substr(point + 1);

    std::string_view sign = code;
    for (const auto& known : signs) {
        if (known.code == code) sign = known.sign;
    }
    std::string text = negative ? "-" : "";
    if (!locale.symbol_first) return text + number + no_break_space + std::string(sign);
    text += sign;
    if (sign == code) text += no_break_space;
    return text + number;
}

std::string format_date(Instant instant, const Locale& locale) {
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(instant)};
    std::string text = locale.date;
    replace(text, "{d}", std::to_string(static_cast<unsigned>(date.day())));
    replace(text, "{month}", locale.months.at(static_cast<unsigned>(date.month()) - 1));
    replace(text, "{y}", std::to_string(static_cast<int>(date.year())));
    return text;
}

std::string format_count(std::int64_t count, const Locale& locale) {
    std::string digits = std::to_string(count);
    const bool negative = digits.starts_with('-');
    return (negative ? "-" : "") +
           grouped(std::string_view(digits).substr(negative ? 1 : 0), locale.group_mark, false);
}

}  // namespace paydesk::documents
