#pragma once
// Tax ids of customers; the routes are in tax_ids.cc too.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Stored as given: nothing verifies it. Emits customer.tax_id.created; drafts of the customer have it.
const Object& add_tax_id(Account& account, const std::string& customer, const std::string& type,
                         const std::string& value);

}  // namespace paydesk::sandbox::stripe
