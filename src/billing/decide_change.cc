#include "billing/decide_change.h"

#include "base/assert.h"

namespace paydesk::billing {
namespace {

Error not_changeable(std::string message) {
    return {ErrorCode::subscription_not_changeable, std::move(message)};
}

// 128 bits: twelve times the largest amount.
__int128 per_year(const PlanTerms& terms) {
    const __int128 amount = terms.unit_amount.minor_units();
    return terms.billing_cycle == "monthly" ? amount * 12 : amount;
}

ChangeWhen up(bool is_more) { return is_more ? ChangeWhen::now : ChangeWhen::period_end; }

}  // namespace

ChangeWhen decide_change(const PlanTerms& current, const PlanTerms& target, bool trialing) {
    PD_ASSERT(current.unit_amount.currency() == target.unit_amount.currency());
    const bool same_plan = current.plan_key == target.plan_key;
    const bool same_cycle = current.billing_cycle == target.billing_cycle;
    if (same_plan && same_cycle && current.quantity == target.quantity) return ChangeWhen::never;
    if (trialing) return ChangeWhen::now;
    if (current.rank != target.rank) return up(target.rank > current.rank);
    if (!same_plan && per_year(current) != per_year(target)) {
        return up(per_year(target) > per_year(current));
    }
    if (!same_cycle) return up(target.billing_cycle == "yearly");
    return up(target.quantity >= current.quantity);
}

Result<void> check_changeable(SubscriptionStatus status, bool cancel_scheduled) {
    using enum SubscriptionStatus;
    switch (status) {
        case active:
        case trialing:
            break;
        case past_due:
        case unpaid:
            return not_changeable("A payment is open: pay it first, then change the plan.");
        case incomplete:
            return not_changeable("The first payment has not been made yet.");
        case paused:
            return not_changeable("This subscription is paused: resume it first.");
        case canceled:
        case incomplete_expired:
            return not_changeable("This subscription has ended: start a new one.");
    }
    if (cancel_scheduled) {
        return not_changeable("This subscription is about to end: resume it first.");
    }
    return {};
}

Result<void> check_pausable(SubscriptionStatus status, bool cancel_scheduled) {
    if (status == SubscriptionStatus::trialing) {
        return not_changeable("A trial cannot be paused: cancel it, or pause after it.");
    }
    return check_changeable(status, cancel_scheduled);
}

}  // namespace paydesk::billing
