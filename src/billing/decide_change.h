#pragma once
// When a change of plan takes effect (design 6: upgrades at once with proration, downgrades at the end
// of the paid period). Pure; decide_change_test.cc has the rule as a table.

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/money.h"
#include "billing/subscription_status.h"

namespace paydesk::billing {

// What is paid for: a plan at a price, so many times.
struct PlanTerms {
    std::string plan_key;
    std::int64_t rank = 0;
    std::string billing_cycle;  // "monthly", "yearly"
    Money unit_amount;
    std::int64_t quantity = 1;
};

enum class ChangeWhen : std::uint8_t {
    now,
    period_end,
    never,  // it is so already
};

// The first that differs decides: the plan's rank (higher: now), what a year of one unit costs where
// ranks are equal and plans are not (more: now), the cycle (monthly to yearly: now), the quantity
// (more: now). In a trial nothing is paid for yet, so all is now.
// REQUIRES: one currency.
ChangeWhen decide_change(const PlanTerms& current, const PlanTerms& target, bool trialing);

// Whether a subscription in this state can be changed at all. Refuses with
// subscription_not_changeable, and says what to do first.
Result<void> check_changeable(SubscriptionStatus status, bool cancel_scheduled);

// The same for a pause: only what is paid for can be paused.
Result<void> check_pausable(SubscriptionStatus status, bool cancel_scheduled);

}  // namespace paydesk::billing
