#include "base/decimal_text.h"

#include <algorithm>

namespace paydesk {

std::optional<__int128> parse_scaled(std::string_view text, int scale) {
    constexpr int digits_max = 38;  // 10^38 fits in 127 bits
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);

    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction =
        point == text.npos ? std::string_view{} : text.substr(point + 1);
    if (whole.empty() || (point != text.npos && fraction.empty())) return std::nullopt;
    if (fraction.size() > static_cast<std::size_t>(scale)) return std::nullopt;

    __int128 units = 0;
    int significant = 0;
    const auto append = [&](char c) {
        if (c < '0' || c > '9') return false;
        if (significant > 0 || c != '0') ++significant;
        if (significant > digits_max) return false;
        units = units * 10 + (c - '0');
        return true;
    };
    for (const char c : whole) {
        if (!append(c)) return std::nullopt;
    }
    for (const char c : fraction) {
        if (!append(c)) return std::nullopt;
    }
    for (int i = static_cast<int>(fraction.size()); i < scale; ++i) {
        if (!append('0')) return std::nullopt;
    }
    return negative ? -units : units;
}

std::string format_scaled(__int128 units, int scale) {
    const bool negative = units < 0;
    // Negate the unsigned value: the smallest integer has no positive twin.
    auto rest = static_cast<unsigned __int128>(units);
    if (negative) rest = -rest;

    std::string text;
    for (int i = 0; rest > 0 || i <= scale; ++i) {
        if (i == scale && scale > 0) text += '.';
        text += static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
    }
    if (negative) text += '-';
    std::ranges::reverse(text);
    return text;
}

}  // namespace paydesk
