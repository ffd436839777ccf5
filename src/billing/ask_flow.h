#pragma once
// Asks a provider how one object is, with its payments, and applies the answer like any webhook.

#include "base/error.h"
#include "billing/flow.h"

namespace paydesk::billing {

// Refuses with what fetch_with_payments() refuses with.
Task<Result<void>> ask(const Flow& flow, provider::ObjectKind kind, provider::Ref object);

}  // namespace paydesk::billing
