#pragma once
// Money: an exact amount in one currency, counted in that currency's ISO 4217 minor unit
// (cents for USD, yen for JPY, fils for BHD).
//
// - Integers only. There is no constructor from a floating-point number, so none can creep in.
// - Two currencies never mix: that is a bug and aborts. Compare currencies first where one side
//   comes from outside.
// - Overflow is a refusal, not a bug: a hostile quantity can cause it.
// - allocate() loses nothing: the parts add up to the whole, to the last minor unit.
//
// How a provider writes an amount is the provider's business (provider/<name>/amount.h).

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/error.h"

namespace paydesk {

class Currency {
public:
    // Refuses with invalid_input unless `code` is an ISO 4217 code that we support. Takes either
    // case ("usd" from Stripe, "USD" from PayPal).
    static Result<Currency> parse(std::string_view code);

    static constexpr Currency usd() { return Currency({'U', 'S', 'D'}, 2); }
    static constexpr Currency jpy() { return Currency({'J', 'P', 'Y'}, 0); }
    static constexpr Currency kwd() { return Currency({'K', 'W', 'D'}, 3); }

    constexpr std::string_view code() const { return {code_.data(), code_.size()}; }
    std::string lower_code() const;  // as our columns and Stripe spell it
    constexpr int minor_digits() const { return minor_digits_; }
    friend constexpr bool operator==(const Currency&, const Currency&) = default;

private:
    constexpr Currency(std::array<char, 3> code, std::int8_t minor_digits)
        : code_(code), minor_digits_(minor_digits) {}

    std::array<char, 3> code_;
    std::int8_t minor_digits_;
};

class Money {
public:
    constexpr Money(std::int64_t minor_units, Currency currency)
        : minor_units_(minor_units), currency_(currency) {}

    static constexpr Money zero(Currency currency) { return {0, currency}; }

    // "12.34" in USD -> 1234; "-5" -> -500. Refuses with invalid_input more decimals than the
    // currency has, overflow, and anything that is not [-]digits[.digits].
    static Result<Money> parse(std::string_view decimal, Currency currency);

    constexpr std::int64_t minor_units() const { return minor_units_; }
    constexpr Currency currency() const { return currency_; }
    constexpr bool is_negative() const { return minor_units_ < 0; }

    // REQUIRES: same currency. Refuses with invalid_input on overflow.
    Result<Money> plus(Money other) const;
    Result<Money> minus(Money other) const;
    Result<Money> times(std::int64_t quantity) const;

    // Splits in proportion to `weights`, largest remainder first, ties to the earlier part.
    // REQUIRES: not negative; weights not empty, none negative, their sum positive.
    // ENSURES:  the parts are in the order of the weights and sum to *this.
    std::vector<Money> allocate(std::span<const std::int64_t> weights) const;

    // "12.34" without the currency: what parse() reads back.
    std::string to_decimal() const;
    // "12.34 USD", "1234 JPY", "1.234 KWD". For logs.
    std::string to_string() const;
    // "$12.34", "₹756.00", "¥1,234", "KWD 1.234": for people, in English.
    std::string format() const;

    friend constexpr bool operator==(const Money&, const Money&) = default;

    // REQUIRES: same currency.
    friend constexpr std::strong_ordering operator<=>(const Money& a, const Money& b) {
        PD_ASSERT(a.currency_ == b.currency_);
        return a.minor_units_ <=> b.minor_units_;
    }

private:
    std::int64_t minor_units_;
    Currency currency_;
};

}  // namespace paydesk
