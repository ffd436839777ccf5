#pragma once
// Plans: what a subscription is to.

#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

// As the API shows it.
Object shown_plan(const Account& account, const Object& plan);

}  // namespace paydesk::sandbox::paypal
