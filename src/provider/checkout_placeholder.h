#pragma once

#include <string_view>

namespace paydesk::provider {

// What stands for the checkout's id in a return URL. Stripe fills it in with its own; where a provider does not know
// it, we fill in ours.
inline constexpr std::string_view checkout_placeholder = "{CHECKOUT_SESSION_ID}";

}  // namespace paydesk::provider
