#include "sandbox/stripe/known_params.h"

#include <algorithm>

namespace paydesk::sandbox::stripe {
namespace {

struct Known {
    std::string_view route, listing;
};

// By route.
constexpr Known known[] = {
#include "sandbox/stripe/known_params.inc"
};

static_assert(std::ranges::is_sorted(known, {}, &Known::route));

}  // namespace

std::optional<std::string_view> known_params(std::string_view route) {
    const auto* found = std::ranges::lower_bound(known, route, {}, &Known::route);
    if (found == std::end(known) || found->route != route) return std::nullopt;
    return found->listing;
}

}  // namespace paydesk::sandbox::stripe
