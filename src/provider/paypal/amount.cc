#include "provider/paypal/amount.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace paydesk::provider::paypal {
namespace {

constexpr std::array<std::string_view, 25> taken = {
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR",
    "JPY", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
};
constexpr std::array<std::string_view, 3> without_decimals = {"HUF", "JPY", "TWD"};

bool has_decimals(std::string_view code) {
    return std::ranges::find(without_decimals, code) == without_decimals.end();
}

// "1000.00" says what "1000" says.
std::string_view without_zero_decimals(std::string_view value) {
    const auto point = value.find('.');
    if (point == std::string_view::npos || point == 0 || point + 1 == value.size()) return value;
    const bool zeros = value.find_first_not_of('0', point + 1) == std::string_view::npos;
    return zeros ? value.substr(0, point) : value;
}

}  // namespace

Result<Money> from_paypal(std::string_view value, std::string_view currency_code) {
    const auto currency = Currency::parse(currency_code);
    if (!currency) return currency.error();
    return Money::parse(without_zero_decimals(value), *currency);
}

Result<std::string> to_paypal(Money amount) {
    const std::string code(amount.currency().code());
    if (std::ranges::find(taken, code) == taken.end()) {
        return Error{
            ErrorCode::invalid_input,
            fmt::format("PayPal takes no payments in {}: price it in another currency.", code)};
    }
    if (amount.is_negative()) {
        return Error{ErrorCode::invalid_input, "PayPal takes no negative amounts.",
                     amount.to_string()};
    }
    std::string decimal = amount.to_decimal();
    if (has_decimals(code)) return decimal;
    const std::string_view whole = without_zero_decimals(decimal);
    if (whole.find('.') != std::string_view::npos) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("PayPal takes {} in whole numbers only, not {}.", code, decimal)};
    }
    return std::string(whole);
}

Result<json::value> paypal_money(Money amount) {
    auto value = to_paypal(amount);
    if (!value) return value.error();
    return json::value{
        {"currency_code", amount.currency().code()},
        {"value",         *value                  }
    };
}

}  // namespace paydesk::provider::paypal
