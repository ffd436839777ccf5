#include "sandbox/paypal/money.h"

#include <algorithm>
#include <charconv>

#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::int64_t minor_max = 99'999'999'999'999'999;  // 999999999999999.99
constexpr std::size_t value_bytes_max = 32;
constexpr std::string_view currencies[] = {
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR",
    "JPY", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD"};

bool is_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Amount checked(std::int64_t minor, bool overflowed, const std::string& currency) {
    if (overflowed || minor > minor_max || minor < -minor_max) refuse("MAX_VALUE_EXCEEDED");
    return {minor, currency};
}

struct Decimal {
    bool negative = false;
    std::string_view whole, fraction;
};

// As in PayPal's pattern: "-12", "12.5", ".5".
std::optional<Decimal> parsed(std::string_view text) {
    Decimal number;
    if (text.starts_with('-')) {
        number.negative = true;
        text.remove_prefix(1);
    }
    const auto point = text.find('.');
    number.whole = text.substr(0, point);
    if (point != std::string_view::npos) number.fraction = text.substr(point + 1);
    const bool nothing_after = point != std::string_view::npos && number.fraction.empty();
    const bool nothing = number.whole.empty() && number.fraction.empty();
    if (nothing || nothing_after || !is_digits(number.whole) || !is_digits(number.fraction)) {
        return std::nullopt;
    }
    return number;
}

// `fraction` is filled up to `digits`. REQUIRES: it has no more. Nothing on overflow.
std::optional<std::int64_t> scaled(std::string_view whole, std::string_view fraction,
                                   std::size_t digits) {
    std::string all(whole);
    all += fraction;
    all.append(digits - fraction.size(), '0');
    const auto first = all.find_first_not_of('0');
    if (first == std::string::npos) return 0;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(all.data() + first, all.data() + all.size(), value);
    if (error != std::errc() || end != all.data() + all.size()) return std::nullopt;
    return value;
}

}  // namespace

int decimals_of(std::string_view currency) {
    return currency == "HUF" || currency == "JPY" || currency == "TWD" ? 0 : 2;
}

bool is_currency(std::string_view code) {
    return std::ranges::find(currencies, code) != std::end(currencies);
}

std::optional<Amount> optional_amount_at(const Object& parent, std::string_view key,
                                         std::string_view field, Sign sign) {
    if (!present(parent, key)) return std::nullopt;
    return amount_at(parent, key, field, sign);
}

Amount amount_at(const Object& parent, std::string_view key, std::string_view field, Sign sign) {
    const std::string at(field);
    if (!present(parent, key)) refuse_missing_field(at);
    if (!parent.at(key).is_object()) refuse("INVALID_PARAMETER_SYNTAX", at);
    const Object& given = child(parent, key);
    for (const char* part : {"currency_code", "value"}) {
        if (!present(given, part)) refuse_missing_field(at + "/" + part);
        if (!given.at(part).is_string()) refuse("INVALID_PARAMETER_SYNTAX", at + "/" + part);
    }
    const auto currency = text(given, "currency_code");
    const auto value = text(given, "value");
    if (currency.size() != 3) refuse("INVALID_STRING_LENGTH", at + "/currency_code");
    if (value.size() > value_bytes_max) refuse("INVALID_STRING_LENGTH", at + "/value");
    const auto number = parsed(value);
    if (!number) refuse("INVALID_PARAMETER_SYNTAX", at + "/value");
    if (!is_currency(currency)) refuse("INVALID_CURRENCY_CODE", at + "/currency_code");
    const auto decimals = static_cast<std::size_t>(decimals_of(currency));
    if (number->fraction.size() > decimals) {
        refuse(decimals == 0 ? "DECIMALS_NOT_SUPPORTED" : "DECIMAL_PRECISION", at + "/value");
    }
    const auto minor = scaled(number->whole, number->fraction, decimals);
    if (!minor || *minor > minor_max) refuse("MAX_VALUE_EXCEEDED", at + "/value");
    const bool negative = number->negative && *minor != 0;
    if (sign == Sign::positive && (negative || *minor == 0)) {
        refuse("CANNOT_BE_ZERO_OR_NEGATIVE", at + "/value");
    }
    if (negative) refuse("CANNOT_BE_NEGATIVE", at + "/value");
    return {*minor, currency};
}

Amount stored_amount(const Object& parent, std::string_view key) {
    const Object& stored = child(parent, key);
    const auto currency = text(stored, "currency_code");
    const auto value = text(stored, "value");
    const auto number = parsed(value);
    const auto decimals = static_cast<std::size_t>(decimals_of(currency));
    if (!number || number->fraction.size() > decimals) return {0, currency};
    const auto minor = scaled(number->whole, number->fraction, decimals).value_or(0);
    return {number->negative ? -minor : minor, currency};
}

std::string value_text(const Amount& amount) {
    auto digits = std::to_string(amount.minor < 0 ? -amount.minor : amount.minor);
    const auto decimals = static_cast<std::size_t>(decimals_of(amount.currency));
    if (decimals > 0) {
        if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
        digits.insert(digits.size() - decimals, ".");
    }
    return (amount.minor < 0 ? "-" : "") + digits;
}

Object money(const Amount& amount) {
    return {
        {"currency_code", amount.currency   },
        {"value",         value_text(amount)}
    };
}

Object old_money(const Amount& amount) {
    return {
        {"total",    value_text(amount)                      },
        {"currency", amount.currency                         },
        {"details",  Object{{"subtotal", value_text(amount)}}}
    };
}

Amount plus(const Amount& a, const Amount& b) {
    std::int64_t sum = 0;
    const bool overflowed = __builtin_add_overflow(a.minor, b.minor, &sum);
    return checked(sum, overflowed, a.currency);
}

Amount minus(const Amount& a, const Amount& b) { return plus(a, {-b.minor, b.currency}); }

Amount times(const Amount& amount, std::int64_t count) {
    std::int64_t product = 0;
    const bool overflowed = __builtin_mul_overflow(amount.minor, count, &product);
    return checked(product, overflowed, amount.currency);
}

namespace {

// With six decimals.
std::optional<std::int64_t> rate_of(std::string_view percent) {
    constexpr std::size_t digits = 6;
    const auto number = parsed(percent);
    if (!number || number->negative || number->fraction.size() > digits) return std::nullopt;
    const auto rate = scaled(number->whole, number->fraction, digits);
    return rate && *rate <= 1'000'000'000 ? rate : std::nullopt;
}

}  // namespace

bool is_percentage(std::string_view text) { return rate_of(text).has_value(); }

Amount share_of(const Amount& amount, std::string_view percent) {
    constexpr __int128 whole = 100'000'000;  // 100 % with six decimals
    const auto exact = static_cast<__int128>(amount.minor) * rate_of(percent).value_or(0);
    return checked(static_cast<std::int64_t>((exact + whole / 2) / whole), false, amount.currency);
}

Amount fee_of(const Amount& amount) {
    const Amount fixed{decimals_of(amount.currency) == 0 ? 40 : 49, amount.currency};
    const auto fee = plus(share_of(amount, "3.49"), fixed);
    return fee.minor > amount.minor ? amount : fee;
}

}  // namespace paydesk::sandbox::paypal
