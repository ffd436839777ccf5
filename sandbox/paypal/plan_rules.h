#pragma once
// What a plan may be.

#include <string>

#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

// The billing_cycles of a new plan, with what PayPal fills in. Refuses what is malformed (400), and the
// cycles that PayPal does not bill (422).
json::array billing_cycles_of(const Account& account, const Object& plan);

// {auto_bill_outstanding, setup_fee?, setup_fee_failure_action, payment_failure_threshold}
Object payment_preferences_of(const Object& given, const std::string& at);
// {percentage, inclusive}
Object taxes_of(const Object& given, const std::string& at);
// A plan with what a subscription has instead: {billing_cycles?, payment_preferences?, taxes?}.
// Refuses with INVALID_BILLING_CYCLE_SEQUENCE, INVALID_PRICING_SCHEME, CURRENCY_MISMATCH.
Object overridden(const Account& account, const Object& plan, const Object& by);

}  // namespace paydesk::sandbox::paypal
