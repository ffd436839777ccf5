#pragma once
// What a subscription is worth now (design 6). Pure. The view paydesk.entitlements says the same in SQL;
// entitlements_test.cc holds the two together.

#include <chrono>
#include <optional>

#include "billing/subscription_status.h"

namespace paydesk::billing {

struct AccessInput {
    SubscriptionStatus status;
    std::optional<Instant> past_due_since, current_period_end;
    bool cancel_at_period_end = false;
    std::optional<Instant> cancel_at;
};

struct Access {
    bool is_active = false;         // grants the plan now
    bool cancel_scheduled = false;  // ends by itself unless it is resumed
    // When access ends if nothing more happens; none where it renews, or where there is none.
    std::optional<Instant> until = {};
};

// active and trialing grant the plan until a scheduled end; past_due for `grace` after collecting its
// invoice first failed; all others grant nothing. A scheduled end holds also where the provider's word
// that it has come is late or lost.
constexpr Access access_of(const AccessInput& input, Instant now, std::chrono::days grace) {
    Access access;
    if (is_live(input.status) && (input.cancel_at || input.cancel_at_period_end)) {
        access.cancel_scheduled = true;
        access.until = input.cancel_at ? input.cancel_at : input.current_period_end;
    }
    switch (input.status) {
        case SubscriptionStatus::active:
        case SubscriptionStatus::trialing:
            access.is_active = true;
            break;
        case SubscriptionStatus::past_due: {
            // Nothing says since when: fail closed.
            const Instant end = input.past_due_since.value_or(now - grace) + grace;
            access.is_active = now < end;
            if (!access.until || end < *access.until) access.until = end;
            break;
        }
        default:
            break;
    }
    if (access.until && *access.until <= now) access.is_active = false;
    if (!access.is_active) access.until.reset();
    return access;
}

}  // namespace paydesk::billing
