#include "base/decimal.h"

#include <fmt/format.h>

#include <limits>

#include "base/decimal_text.h"

namespace paydesk {
namespace {

__int128 power_of_ten(int exponent) {
    __int128 power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
}

const __int128 one = power_of_ten(Decimal::scale);
const __int128 units_max = power_of_ten(38) - 1;

Error overflow() { return {ErrorCode::invalid_input, "the quantity is too large"}; }

bool fits(__int128 units) { return units <= units_max && units >= -units_max; }

}  // namespace

Decimal Decimal::from_int(std::int64_t whole) {
    return Decimal(static_cast<__int128>(whole) * one);
}

Result<Decimal> Decimal::parse(std::string_view text) {
    const auto units = parse_scaled(text, scale);
    if (!units) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("'{}' is not a quantity: write digits with at most {} decimals",
                                 text.substr(0, 60), scale)};
    }
    return Decimal(*units);
}

Result<Decimal> Decimal::plus(Decimal other) const {
    const __int128 sum = units_ + other.units_;  // 2 * 10^38 still fits
    if (!fits(sum)) return overflow();
    return Decimal(sum);
}

Result<Decimal> Decimal::minus(Decimal other) const { return plus(Decimal(-other.units_)); }

Result<Decimal> Decimal::times(Decimal other) const {
    // (a + b/one) * (c + d/one) with whole parts a, c: only b*d can have more decimals than we keep.
    const __int128 a = units_ / one, b = units_ % one;
    const __int128 c = other.units_ / one, d = other.units_ % one;
    if ((b * d) % one != 0) {
        return Error{ErrorCode::invalid_input, fmt::format("{} times {} has more than {} decimals",
                                                           to_string(), other.to_string(), scale)};
    }
    __int128 whole = 0, left = 0, right = 0, product = 0;
    if (__builtin_mul_overflow(a, c, &whole) || __builtin_mul_overflow(whole, one, &whole) ||
        __builtin_mul_overflow(a, d, &left) || __builtin_mul_overflow(b, c, &right) ||
        __builtin_add_overflow(whole, left, &product) ||
        __builtin_add_overflow(product, right, &product) ||
        __builtin_add_overflow(product, b * d / one, &product) || !fits(product)) {
        return overflow();
    }
    return Decimal(product);
}

Result<Money> Decimal::to_money(Currency currency) const {
    const __int128 half = one / 2;
    const __int128 rounded = (units_ + (units_ < 0 ? -half : half)) / one;
    if (rounded > std::numeric_limits<std::int64_t>::max() ||
        rounded < std::numeric_limits<std::int64_t>::min()) {
        return Error{ErrorCode::invalid_input, "the amount is too large"};
    }
    return Money(static_cast<std::int64_t>(rounded), currency);
}

std::string Decimal::to_string() const {
    std::string text = format_scaled(units_, scale);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

}  // namespace paydesk
