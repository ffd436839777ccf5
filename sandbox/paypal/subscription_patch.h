#pragma once
// PATCH /v1/billing/subscriptions/{id}

#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {

// Takes what PayPal lists as patchable, but payment sources. A changed price reaches cycles that begin
// ten days later or more; one that has its own plan no longer follows the merchant's.
Answer patch_subscription(Call& call);

}  // namespace paydesk::sandbox::paypal
