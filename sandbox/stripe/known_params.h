#pragma once
// What Stripe's API knows as parameters, whether the sandbox honours them or not.

#include <optional>
#include <string_view>

namespace paydesk::sandbox::stripe {

// The names and versions of a route's parameters, in the language of params.h without its types.
// `route`: "POST /v1/prices/{}". Nothing for a route that no SDK has.
std::optional<std::string_view> known_params(std::string_view route);

}  // namespace paydesk::sandbox::stripe
