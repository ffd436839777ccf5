#pragma once
// What a person decides about payments: POST /_sandbox/customers/:id/fail_payments,
// POST /_sandbox/payment_methods/:id/update_automatically.

#include <optional>
#include <string>

#include "http/message.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

// `rest` is the path after "/_sandbox/"; nothing when it is no control of payments. Commits.
std::optional<http::Response> control_payments(stripe::Account& account, const std::string& rest,
                                               const stripe::Object& wanted);

}  // namespace paydesk::sandbox
