#pragma once
// POST /v1/subscriptions/{id}, /pause and /resume, and what other routes read in the same way.

#include <string>
#include <string_view>

#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/subscription_changes.h"

namespace paydesk::sandbox::stripe {

// `shared`: the parameters that creating and updating have in common.
void add_subscription_update_routes(Routes& routes, std::string_view shared);

// items, add_invoice_items, proration_*, billing_cycle_anchor, trial_end, payment_behavior.
SubscriptionChange change_of(const Object& params, std::int64_t now);

// cancel_at_period_end and cancel_at, of a new subscription or of one that runs.
// Refuses with 400 what a schedule manages.
void change_cancellation(Call& call, const std::string& subscription);

// Refuses an order's anchor that is past, too far away, or together with a trial.
void check_anchor(const Account& account, const SubscriptionOrder& order, std::string_view param);

// {enabled, liability, disabled_reason}. Refuses a customer whom automatic tax cannot place.
Object automatic_tax_of(const Call& call, const std::string& customer);

// Unix seconds. Refuses with parameter_invalid_integer.
std::int64_t seconds_of(const std::string& digits, std::string_view param);
// Of trial_from_plan; 0 for none.
std::int64_t trial_days_of(const Object& price);

}  // namespace paydesk::sandbox::stripe
