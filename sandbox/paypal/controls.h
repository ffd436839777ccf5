#pragma once
// /_sandbox/paypal/...: what somebody makes happen on PayPal's side.

#include <string>

#include "http/message.h"
#include "sandbox/paypal/account.h"
#include "sandbox/paypal/keys.h"

namespace paydesk::sandbox::paypal {

// `path` is what comes after /_sandbox/paypal/. Commits.
http::Response control(Account& account, Keys& keys, const http::Request& request,
                       const std::string& path, const Object& wanted);

}  // namespace paydesk::sandbox::paypal
