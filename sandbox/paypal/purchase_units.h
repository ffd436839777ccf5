#pragma once
// What an order is for, checked as PayPal checks it.

#include "sandbox/paypal/money.h"

namespace paydesk::sandbox::paypal {

// The purchase units of a new order. Refuses what is malformed (400), and what does not add up (422):
// AMOUNT_MISMATCH, ITEM_TOTAL_MISMATCH, TAX_TOTAL_MISMATCH, ITEM_TOTAL_REQUIRED, TAX_TOTAL_REQUIRED,
// MULTI_CURRENCY_ORDER, REFERENCE_ID_REQUIRED, DUPLICATE_REFERENCE_ID.
json::array purchase_units_of(const Object& order);

// One of them. `at`: its JSON pointer.
Object purchase_unit_of(const json::value& given, const std::string& at);

}  // namespace paydesk::sandbox::paypal
