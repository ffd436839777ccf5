#include "base/clock.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace paydesk {
namespace {

Error not_a_time(std::string_view text) {
    return {
        ErrorCode::invalid_input,
        fmt::format("'{}' is not a time: write it like 2026-11-20T12:34:56Z", text.substr(0, 40))};
}

// A number of exactly `digits` digits at the front of `text`, taken off it.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc{} || end != text.data() + digits || text[0] == '-') return std::nullopt;
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

// ".5" as 500000; no fraction is 0. More than six digits are cut off, as Postgres has no more.
std::optional<int> take_fraction(std::string_view& text) {
    if (!take(text, '.')) return 0;
    int micros = 0;
    int digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
        if (digits < 6) micros = micros * 10 + (text[0] - '0');
    }
    if (digits == 0 || digits > 12) return std::nullopt;
    for (; digits < 6; ++digits) micros *= 10;
    return micros;
}

// "Z", "+00", "+02:00", "+0200".
std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) return std::chrono::minutes{0};
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = take_number(text, 2);
    if (!hours || *hours > 23) return std::nullopt;
    int minutes = 0;
    if (take(text, ':') || !text.empty()) {
        const auto more = take_number(text, 2);
        if (!more || *more > 59) return std::nullopt;
        minutes = *more;
    }
    return std::chrono::minutes{sign * (*hours * 60 + minutes)};
}

}  // namespace

Instant SystemClock::now() const {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_iso8601(Instant instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{instant - day};
    std::string text = fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()),
        unsigned(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count());
    if (const auto micros = time.subseconds().count(); micros != 0) {
        text += fmt::format(".{:06}", micros);
    }
    return text + 'Z';
}

Result<Instant> parse_iso8601(std::string_view whole) {
    using namespace std::chrono;
    std::string_view text = whole;
    const auto y = take_number(text, 4);
    if (!y || !take(text, '-')) return not_a_time(whole);
    const auto m = take_number(text, 2);
    if (!m || !take(text, '-')) return not_a_time(whole);
    const auto d = take_number(text, 2);
    if (!d || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return not_a_time(whole);
    const auto hour = take_number(text, 2);
    if (!hour || !take(text, ':')) return not_a_time(whole);
    const auto minute = take_number(text, 2);
    if (!minute || !take(text, ':')) return not_a_time(whole);
    const auto second = take_number(text, 2);
    const auto micros = take_fraction(text);
    const auto offset = take_offset(text);
    if (!second || !micros || !offset || !text.empty()) return not_a_time(whole);

    const year_month_day date{year{*y}, month{unsigned(*m)}, day{unsigned(*d)}};
    if (!date.ok() || *y < 1970 || *hour > 23 || *minute > 59 || *second > 59)
        return not_a_time(whole);
    return Instant{sys_days{date}} + hours{*hour} + minutes{*minute} + seconds{*second} +
           microseconds{*micros} - *offset;
}

}  // namespace paydesk
