#pragma once
// A person decides that a customer's next payments fail, whatever their card or account says: how a
// renewal fails that was paid happily before.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

// The decline codes that may be planned.
std::span<const std::string_view> plannable_failures();

// The next `times` payments of this customer fail so; 0 takes the plan back.
// Refuses with 400: a code or a number that can't be planned, and no such customer.
void plan_failures(Account& account, const std::string& customer, const std::string& decline_code,
                   std::int64_t times);

// How the payment that is being made now fails; nothing when it may go its way. Uses the plan up.
std::optional<Refusal> take_planned_failure(Account& account, const std::string& customer);

}  // namespace paydesk::sandbox::stripe
