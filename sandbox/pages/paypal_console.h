#pragma once
// /paypal: what happened on PayPal's side, for whoever develops against it.

#include <string>

#include "http/message.h"
#include "sandbox/paypal/account.h"

namespace paydesk::sandbox {

// Events, subscriptions and orders, newest first.
http::Response paypal_index_page(const paypal::Account& account);
// An event with its payload and its deliveries.
http::Response paypal_event_page(const paypal::Account& account, const std::string& id);

}  // namespace paydesk::sandbox
