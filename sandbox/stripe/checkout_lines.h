#pragma once
// The line items of a checkout session.

#include <string>

#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {

// From the call's line_items; makes prices and products of inline data.
// Refuses what Stripe refuses: no items, archived prices, a recurring price in payment mode, none
// in subscription mode, two currencies.
json::array checkout_lines(Call& call, const std::string& mode);

}  // namespace paydesk::sandbox::stripe
