#pragma once
// What Stripe's API has and the sandbox has not, and why: the text of the 404 that answers it.

#include <string_view>

namespace paydesk::sandbox::stripe {

// The reason, as a sentence; "" for a route that Stripe's SDKs do not have either.
std::string_view why_absent(std::string_view method, std::string_view path);

}  // namespace paydesk::sandbox::stripe
