#pragma once
// `expand[]`: replaces ids by their objects, and adds what Stripe shows only when asked.

#include <string>
#include <vector>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/object.h"
#include "sandbox/stripe/version.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::size_t expand_levels_max = 4;  // "data" does not count

// `shown` is rendered in `shape` already; so is what takes the ids' places.
// Refuses with 400 a path that this version's object does not have or that is too deep.
void expand(const Account& account, json::value& shown, const json::array& paths, Shape shape);

}  // namespace paydesk::sandbox::stripe
