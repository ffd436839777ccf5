#pragma once
// Webhooks: where events are sent.

#include <string>

#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

// The webhook with this id is there and gets every event at `url`. Commits.
void keep_webhook(Account& account, const std::string& id, const std::string& url);

}  // namespace paydesk::sandbox::paypal
