#pragma once
// What a change of plan does to the items of a subscription, as Stripe tells it.

#include <optional>
#include <string>

#include "base/json.h"
#include "provider/provider.h"
#include "provider/stripe/form.h"

namespace paydesk::provider::stripe {

// Is it charged by usage?
bool is_metered(const json::value& item);

// The price of the plan's item before the change.
std::optional<Ref> price_now(const PlanChange& change, const json::value& subscription);

// The plan's item as it shall be, in `subscription_details[items]` or `items`. Where its price is another one, so are
// those that charge usage: what the new plan has not goes, what it has comes.
void set_items(Form& form, const std::string& prefix, const PlanChange& change,
               const json::value& subscription);

}  // namespace paydesk::provider::stripe
