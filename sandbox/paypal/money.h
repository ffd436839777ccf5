#pragma once
// Money as PayPal writes it: {currency_code, value}, the value a decimal in text.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/object.h"

namespace paydesk::sandbox::paypal {

struct Amount {
    std::int64_t minor = 0;  // in the currency's smallest unit that PayPal knows
    std::string currency = {};
    friend bool operator==(const Amount&, const Amount&) = default;
};

// PayPal's own rule, which is not ISO 4217's: HUF, JPY and TWD have none, all others two.
int decimals_of(std::string_view currency);
bool is_currency(std::string_view code);

enum class Sign : std::uint8_t { positive, not_negative };

// The money under `key` of `parent`; `field` is the JSON pointer by which a refusal names it.
// Refuses with MISSING_REQUIRED_PARAMETER, INVALID_PARAMETER_SYNTAX (400), INVALID_CURRENCY_CODE,
// DECIMALS_NOT_SUPPORTED, DECIMAL_PRECISION, MAX_VALUE_EXCEEDED, CANNOT_BE_ZERO_OR_NEGATIVE or
// CANNOT_BE_NEGATIVE (422), in this order.
Amount amount_at(const Object& parent, std::string_view key, std::string_view field, Sign sign);
// As amount_at(); nothing where there is none.
std::optional<Amount> optional_amount_at(const Object& parent, std::string_view key,
                                         std::string_view field, Sign sign);
// What the sandbox itself has stored. Zero where there is none.
Amount stored_amount(const Object& parent, std::string_view key);

// {currency_code, value}
Object money(const Amount& amount);
// "19.00"
std::string value_text(const Amount& amount);
// The old v1 shape: {total, currency, details: {subtotal}}.
Object old_money(const Amount& amount);

// Refuses with MAX_VALUE_EXCEEDED what has more digits than PayPal takes.
Amount plus(const Amount& a, const Amount& b);
Amount times(const Amount& amount, std::int64_t count);
// `percent` is a decimal in text ("19", "8.875"); rounded half up.
Amount share_of(const Amount& amount, std::string_view percent);
// At most a thousand, with at most six decimals.
bool is_percentage(std::string_view text);
// 3.49 % and a fixed part.
Amount fee_of(const Amount& amount);
Amount minus(const Amount& a, const Amount& b);

}  // namespace paydesk::sandbox::paypal
