#pragma once
// PayPal's amounts <-> Money. PayPal writes decimals as text ("19.00"), in the currency's own digits but for
// HUF and TWD, which it takes without decimals although ISO 4217 gives them two.
// Source: developer.paypal.com, "Currency codes".

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/money.h"

namespace paydesk::provider::paypal {

// Refuses with invalid_input: a currency that we don't know, more decimals than there are minor units (zeros
// are none), what is no number, what does not fit.
Result<Money> from_paypal(std::string_view value, std::string_view currency_code);

// "19.00". Refuses with invalid_input, and the message says what to do, what PayPal can't carry: a currency
// that it does not take, a fraction in HUF or TWD, a negative amount.
Result<std::string> to_paypal(Money amount);

// {"currency_code": "USD", "value": "19.00"}. Refuses as to_paypal().
Result<json::value> paypal_money(Money amount);

}  // namespace paydesk::provider::paypal
