#pragma once
// What PayPal has and the sandbox has not.

#include <string_view>

namespace paydesk::sandbox::paypal {

// Why, for a person; "" for a route that PayPal has not either.
std::string_view why_absent(std::string_view path);

}  // namespace paydesk::sandbox::paypal
