#pragma once
// Customers: POST, GET, DELETE /v1/customers.

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Adds a customer; emits customer.created. `fields` overrides blank values.
const Object& add_customer(Account& account, const Object& fields);

// An address has all of its parts, null where nothing is known; null stays null.
json::value full_address(const json::value& given);

}  // namespace paydesk::sandbox::stripe
