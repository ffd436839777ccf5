#pragma once
// What the inbox holds about objects, applied once more: it says more than an object alone, such as when a payment
// failed first.

#include <string>
#include <vector>

#include "reconcile/reconciler.h"

namespace paydesk::reconcile {

// In the order in which it happened. All of it is keyed by its fact: what was told is not told again.
Task<> apply_stored_events(const Parts& parts, db::Tx& tx, provider::ObjectKind kind,
                           std::vector<std::string> ids);

}  // namespace paydesk::reconcile
