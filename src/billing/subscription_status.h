#pragma once
// The life of a subscription, as data: what a provider may report next, and what each state is worth.
//
// The provider decides the status; we store what its newest snapshot says. The table says which steps
// can be: one outside it is an anomaly, logged and counted, and applied all the same (a snapshot is
// the whole truth of its second, and the events in between may be lost). Only a terminal state
// refuses: what is canceled stays canceled, whatever arrives and whatever its stamp.

#include <array>
#include <cstdint>

#include "provider/change.h"

namespace paydesk::billing {

using provider::SubscriptionStatus;
inline constexpr int subscription_status_count = 8;

struct SubscriptionStep {
    SubscriptionStatus from, to;
};

// Stripe's documented steps. `canceled` is reached from every live state.
inline constexpr auto subscription_steps = [] {
    using enum SubscriptionStatus;
    return std::to_array<SubscriptionStep>({
        {incomplete, active            },
        {incomplete, trialing          },
        {incomplete, incomplete_expired}, // not paid within 23 hours
        {incomplete, canceled          },

        {trialing,   active            },
        {trialing,   past_due          },
        {trialing,   paused            }, // the trial ended without a payment method
        {trialing,   canceled          },

        {active,     trialing          }, // a trial given later
        {active,     past_due          },
        {active,     unpaid            }, // where the account skips past_due
        {active,     paused            },
        {active,     canceled          },

        {past_due,   active            },
        {past_due,   unpaid            },
        {past_due,   canceled          },

        {unpaid,     active            },
        {unpaid,     past_due          },
        {unpaid,     canceled          },

        {paused,     active            },
        {paused,     past_due          },
        {paused,     canceled          },
    });
}();

enum class Transition : std::uint8_t {
    same,     // the status stays
    step,     // documented
    anomaly,  // not documented: applied, and reported
    refused,  // out of a terminal state
};

constexpr Transition transition(SubscriptionStatus from, SubscriptionStatus to) {
    if (from == to) return Transition::same;
    if (provider::is_terminal(from)) return Transition::refused;
    for (const auto& step : subscription_steps) {
        if (step.from == from && step.to == to) return Transition::step;
    }
    return Transition::anomaly;
}

// Counts against "one live subscription per account and plan family", and can be cancelled.
constexpr bool is_live(SubscriptionStatus status) { return !provider::is_terminal(status); }

constexpr bool subscription_steps_are_sound() {
    for (const auto& a : subscription_steps) {
        if (provider::is_terminal(a.from) || a.from == a.to) return false;
        int same = 0;
        for (const auto& b : subscription_steps) same += a.from == b.from && a.to == b.to;
        if (same != 1) return false;
    }
    return true;
}
static_assert(subscription_steps_are_sound(), "each step once, none out of a terminal state");

}  // namespace paydesk::billing
