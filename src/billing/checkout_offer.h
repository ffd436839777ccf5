#pragma once
// What of the catalogue a wish for a checkout leads to.

#include "base/error.h"
#include "billing/checkout_flow.h"
#include "catalog/plan_store.h"

namespace paydesk::billing {

// REQUIRES: the wish names a plan or a price.
// Refuses, in this order, with plan_unknown, plan_not_purchasable, invalid_input: what create_checkout()
// refuses an offer with.
Task<Result<catalog::plan_store::Offer>> find_checkout_offer(const Flow& flow, CheckoutWish wish);

}  // namespace paydesk::billing
