#pragma once
// What buyers see of PayPal: they approve an order, a subscription, a revision of one, or do not.

#include "http/message.h"
#include "sandbox/paypal/account.h"

namespace paydesk::sandbox {

// Anything below /paypal but the API. Commits what a click changed.
http::Response paypal_page(paypal::Account& account, const http::Request& request);

}  // namespace paydesk::sandbox
