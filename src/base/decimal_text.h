#pragma once
// Decimal notation of scaled integers: what money and decimal share.

#include <optional>
#include <string>
#include <string_view>

namespace paydesk {

// "[-]digits[.digits]" as a count of 10^-scale; nothing when it is anything else, has more than
// `scale` decimals or leaves 38 digits.
std::optional<__int128> parse_scaled(std::string_view text, int scale);

// The reverse, always with `scale` decimals: (1234, 2) -> "12.34".
std::string format_scaled(__int128 units, int scale);

}  // namespace paydesk
