#pragma once
// Plans: /v1/plans, the older words for recurring prices.
//
// A plan is not stored. It is a recurring price seen through the older fields, under the same id.

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// REQUIRES: the price recurs.
Object plan_of(const Object& price);

// The plan of a recurring price has the price's fate; nothing for a one-time price.
// `event`: plan.created, plan.deleted. `before`: for plan.updated.
void emit_plan(Account& account, std::string_view event, const Object& price,
               const Object* before = nullptr);

}  // namespace paydesk::sandbox::stripe
