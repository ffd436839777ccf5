#pragma once
// Exact decimals for usage quantities and unit prices: what Postgres calls numeric(38,12).
//
// A value is an integer count of 10^-12. No binary fraction is ever involved; what does not fit is
// refused, never rounded in silence.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/money.h"

namespace paydesk {

class Decimal {
public:
    static constexpr int scale = 12;

    constexpr Decimal() = default;
    static Decimal from_int(std::int64_t whole);

    // [-]digits[.digits]; at most 26 digits before and 12 after the point.
    // Refuses with invalid_input anything else: NaN, Infinity, exponents, spaces.
    static Result<Decimal> parse(std::string_view text);

    // Refuse with invalid_input on overflow; times() also when the exact product has more than 12
    // decimals.
    Result<Decimal> plus(Decimal other) const;
    Result<Decimal> minus(Decimal other) const;
    Result<Decimal> times(Decimal other) const;

    // This many minor units of `currency`, rounded half away from zero to a whole one
    // (Stripe: rounding happens once per line). Refuses with invalid_input on overflow.
    Result<Money> to_money(Currency currency) const;

    bool is_negative() const { return units_ < 0; }
    bool is_zero() const { return units_ == 0; }

    // Shortest form: "0.1", "5", "-12.000000000001".
    std::string to_string() const;

    friend constexpr bool operator==(Decimal, Decimal) = default;
    friend constexpr std::strong_ordering operator<=>(Decimal a, Decimal b) {
        return a.units_ < b.units_   ? std::strong_ordering::less
               : a.units_ > b.units_ ? std::strong_ordering::greater
                                     : std::strong_ordering::equal;
    }

private:
    constexpr explicit Decimal(__int128 units) : units_(units) {}
    __int128 units_ = 0;  // of 10^-12
};

}  // namespace paydesk
