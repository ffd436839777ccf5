#include "base/money.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <numeric>

#include "base/decimal_text.h"

namespace paydesk {
namespace {

// ISO 4217, active codes that Stripe or PayPal can charge.
constexpr std::string_view zero_decimals =
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
constexpr std::string_view two_decimals =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD "
    "HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT "
    "MOP "
    "MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR "
    "SBD "
    "SCR SEK SGD SHP SLE SOS SRD STN SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS WST XCD XCG "
    "YER "
    "ZAR ZMW";
constexpr std::string_view three_decimals = "BHD IQD JOD KWD LYD OMR TND";

struct Symbol {
    std::string_view code, symbol;
};
constexpr std::array symbols = {
    Symbol{"USD", "$"  },
    Symbol{"EUR", "€"  },
    Symbol{"GBP", "£"  },
    Symbol{"JPY", "¥"  },
    Symbol{"INR", "₹"  },
    Symbol{"KRW", "₩"  },
    Symbol{"CAD", "CA$"},
    Symbol{"AUD", "A$" },
    Symbol{"BRL", "R$" },
    Symbol{"ILS", "₪"  },
    Symbol{"VND", "₫"  },
    Symbol{"MXN", "MX$"},
};

Error overflow() { return {ErrorCode::invalid_input, "the amount is too large"}; }

Result<Money> checked(__int128 minor_units, Currency currency) {
    if (minor_units > std::numeric_limits<std::int64_t>::max() ||
        minor_units < std::numeric_limits<std::int64_t>::min()) {
        return overflow();
    }
    return Money(static_cast<std::int64_t>(minor_units), currency);
}

// "1234567" -> "1,234,567"; Indian grouping ("12,34,567") for rupees.
std::string grouped(std::string digits, bool indian) {
    std::size_t width = 3;
    for (std::size_t at = digits.size(); at > width; width = indian ? 2 : 3) {
        at -= width;
        digits.insert(at, 1, ',');
    }
    return digits;
}

}  // namespace

Result<Currency> Currency::parse(std::string_view text) {
    const Error refusal{
        ErrorCode::invalid_input,
        fmt::format("'{}' is not a currency code that Paydesk knows", text.substr(0, 12))};
    if (text.size() != 3) return refusal;
    std::array<char, 3> code;
    for (std::size_t i = 0; i < 3; ++i) {
        code[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[i])));
        if (code[i] < 'A' || code[i] > 'Z') return refusal;
    }
    const std::string_view wanted(code.data(), code.size());
    if (two_decimals.find(wanted) != wanted.npos) return Currency(code, 2);
    if (zero_decimals.find(wanted) != wanted.npos) return Currency(code, 0);
    if (three_decimals.find(wanted) != wanted.npos) return Currency(code, 3);
    return refusal;
}

std::string Currency::lower_code() const {
    std::string lower;
    for (const char c : code())
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

Result<Money> Money::parse(std::string_view decimal, Currency currency) {
    const auto units = parse_scaled(decimal, currency.minor_digits());
    if (!units) {
        return Error{
            ErrorCode::invalid_input,
            fmt::format("'{}' is not an amount in {}: write digits with at most {} decimals",
                        decimal.substr(0, 40), currency.code(), currency.minor_digits())};
    }
    return checked(*units, currency);
}

Result<Money> Money::plus(Money other) const {
    PD_ASSERT(currency_ == other.currency_);
    return checked(static_cast<__int128>(minor_units_) + other.minor_units_, currency_);
}

Result<Money> Money::minus(Money other) const {
    PD_ASSERT(currency_ == other.currency_);
    return checked(static_cast<__int128>(minor_units_) - other.minor_units_, currency_);
}

Result<Money> Money::times(std::int64_t quantity) const {
    return checked(static_cast<__int128>(minor_units_) * quantity, currency_);
}

std::vector<Money> Money::allocate(std::span<const std::int64_t> weights) const {
    PD_ASSERT(!is_negative());
    PD_ASSERT(!weights.empty());
    PD_ASSERT(std::ranges::all_of(weights, [](std::int64_t w) { return w >= 0; }));

    // 128 bits: amount times weight does not fit in 64.
    const __int128 whole = minor_units_;
    const __int128 weight_sum = std::accumulate(weights.begin(), weights.end(), __int128{0});
    PD_ASSERT(weight_sum > 0);

    std::vector<Money> parts;
    std::int64_t unassigned = minor_units_;
    for (const std::int64_t weight : weights) {
        const auto share = static_cast<std::int64_t>(whole * weight / weight_sum);
        parts.emplace_back(share, currency_);
        unassigned -= share;
    }
    std::vector<std::size_t> by_remainder(weights.size());
    std::iota(by_remainder.begin(), by_remainder.end(), std::size_t{0});
    std::ranges::sort(by_remainder, [&](std::size_t a, std::size_t b) {
        const __int128 left = whole * weights[a] % weight_sum;
        const __int128 right = whole * weights[b] % weight_sum;
        return left != right ? left > right : a < b;
    });

    // Each share was rounded down by less than one unit, so fewer units are left than parts.
    PD_ASSERT(unassigned >= 0);
    PD_ASSERT(unassigned < static_cast<std::int64_t>(parts.size()));
    for (std::int64_t i = 0; i < unassigned; ++i) {
        parts[by_remainder[static_cast<std::size_t>(i)]].minor_units_ += 1;
    }
    return parts;
}

std::string Money::to_decimal() const {
    return format_scaled(minor_units_, currency_.minor_digits());
}

std::string Money::to_string() const {
    return fmt::format("{} {}", to_decimal(), currency_.code());
}

std::string Money::format() const {
    std::string digits = to_decimal();
    const std::string sign = is_negative() ? "-" : "";
    if (is_negative()) digits.erase(0, 1);
    const std::size_t point = digits.find('.');
    const std::string fraction = point == digits.npos ? "" : digits.substr(point);
    const std::string whole = grouped(digits.substr(0, point), currency_.code() == "INR");
    for (const Symbol& known : symbols) {
        if (known.code == currency_.code())
            return fmt::format("{}{}{}{}", sign, known.symbol, whole, fraction);
    }
    return fmt::format("{}{} {}{}", sign, currency_.code(), whole, fraction);
}

}  // namespace paydesk
