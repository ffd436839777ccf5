#pragma once
// A link to where people look after their billing: Stripe's customer portal. PayPal has none: who has only
// ever paid there gets our own billing page.

#include <optional>
#include <string>

#include "base/error.h"
#include "billing/flow.h"

namespace paydesk::billing {

// Refuses, in this order, with
//   url_not_allowed
//   customer_missing             the account has never bought anything
//   subscription_not_cancelable  subscription_cancel without a live subscription
// and with what the provider refuses with.
Task<Result<std::string>> create_portal(const Flows& flows, AccountId account,
                                        std::optional<std::string> return_url,
                                        provider::PortalFlow portal_flow);

}  // namespace paydesk::billing
