#include "provider/stripe/amount.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace paydesk::provider::stripe {
namespace {

constexpr std::array<std::string_view, 15> zero_decimal = {
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA",
    "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
};
constexpr std::array<std::string_view, 5> three_decimal = {"BHD", "JOD", "KWD", "OMR", "TND"};

int stripe_digits(Currency currency) {
    if (std::ranges::find(zero_decimal, currency.code()) != zero_decimal.end()) return 0;
    if (std::ranges::find(three_decimal, currency.code()) != three_decimal.end()) return 3;
    return 2;
}

// `amount` counted with `to` digits instead of `from`; nothing when it does not come out whole.
std::optional<std::int64_t> rescaled(std::int64_t amount, int from, int to) {
    for (; from < to; ++from) {
        if (__builtin_mul_overflow(amount, 10, &amount)) return std::nullopt;
    }
    for (; from > to; --from) {
        if (amount % 10 != 0) return std::nullopt;
        amount /= 10;
    }
    return amount;
}

Error not_expressible(std::string what, Currency currency) {
    return {ErrorCode::invalid_input,
            "This amount does not exist in " + std::string(currency.code()) + ".", std::move(what)};
}

}  // namespace

Result<Money> from_stripe(std::int64_t amount, Currency currency) {
    const auto minor = rescaled(amount, stripe_digits(currency), currency.minor_digits());
    if (!minor) {
        return not_expressible("Stripe's " + std::to_string(amount) + " " + currency.lower_code() +
                                   " is no whole number of minor units",
                               currency);
    }
    return Money(*minor, currency);
}

Result<std::int64_t> to_stripe(Money money) {
    const Currency currency = money.currency();
    const int digits = stripe_digits(currency);
    const auto amount = rescaled(money.minor_units(), currency.minor_digits(), digits);
    if (!amount || (digits == 3 && *amount % 10 != 0)) {
        return not_expressible(money.to_string() + " can't be given to Stripe", currency);
    }
    return *amount;
}

Result<Decimal> to_stripe(Decimal minor_units, Currency currency) {
    const int shift = stripe_digits(currency) - currency.minor_digits();
    Decimal factor = Decimal::from_int(1);
    for (int digit = 0; digit < shift; ++digit)
        factor = factor.times(Decimal::from_int(10)).value();
    for (int digit = 0; digit > shift; --digit)
        factor = factor.times(Decimal::parse("0.1").value()).value();
    return minor_units.times(factor);
}

}  // namespace paydesk::provider::stripe
