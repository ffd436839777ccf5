#pragma once
// A PayPal subscription, its plan and its payments, as read; and what they amount to in our words. Pure.
//
// PayPal says less than Stripe: no current period, no paid-until date once it is cancelled, no invoices. All of
// that is derived here from what is said, so that two answers of one state give the same, whatever came before.
//
// Status (`at` is PayPal's time when it was asked):
//
//   APPROVAL_PENDING   no subscription yet: an open checkout
//   APPROVED           incomplete
//   ACTIVE             trialing      while a trial runs: a TRIAL cycle, or a start_time that was put off
//                      past_due      while the last payment failed or a balance is outstanding
//                      active        else
//   SUSPENDED          unpaid        where a payment failed or a balance is outstanding (PayPal suspends at the
//                                    plan's payment_failure_threshold)
//                      paused        else
//   CANCELLED, EXPIRED active, trialing, cancel_at_period_end, cancel_at = paid until: as long as that is ahead
//                      canceled      after it; at once where it was never paid or was cancelled with "Now: "
//
// CANCELLED and EXPIRED are final at PayPal; all others may follow each other: APPROVAL_PENDING -> (APPROVED) ->
// ACTIVE <-> SUSPENDED -> CANCELLED, and ACTIVE -> EXPIRED when its cycles are done.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/money.h"
#include "provider/change.h"
#include "provider/paypal/calendar.h"

namespace paydesk::provider::paypal {

struct BillingCycle {
    bool is_trial = false;
    Unit unit = Unit::month;
    std::int64_t count = 1;      // units
    std::int64_t total = 0;      // times; 0: for ever
    std::optional<Money> price;  // none: free, or tiered
};

struct Plan {
    Ref plan;
    std::optional<Ref> product;
    std::string name;
    std::vector<BillingCycle> cycles;  // in their sequence; one is no trial

    const BillingCycle& regular() const;
};

enum class State : std::uint8_t {
    approval_pending,
    approved,
    active,
    suspended,
    cancelled,
    expired
};

struct Subscription {
    struct Paid {
        Money amount;
        Instant at;
    };
    Ref id;
    State state = State::approval_pending;
    std::string note;  // status_change_note
    std::optional<Instant> state_since;
    std::string custom_id;  // our account's id
    std::optional<AccountId> account;
    std::optional<std::string> email;
    Plan plan;
    std::int64_t quantity = 1;
    Instant created_at, start;
    std::optional<Money> outstanding;  // where there is some
    std::optional<Paid> last_payment, last_failure;
    std::int64_t failures = 0;  // in a row
    std::optional<Instant> next_billing, next_retry;
};

// Refuses with webhook_payload_invalid: no id, no usable billing cycle.
Result<Plan> read_plan(const json::value& plan);
// `plan` is the plan of plan_id. Refuses with webhook_payload_invalid: no id, an unknown status, no usable
// create_time, an unusable amount.
Result<Subscription> read_subscription(const json::value& subscription, Plan plan);

// What a payment of this amount was for: the subscription's own plan, or one that it had before a revision.
struct Bought {
    const Plan* plan = nullptr;
    std::optional<std::int64_t> quantity;  // none: the amount is no multiple of the plan's price
};
// `others`: the plans of the same product. Points into its arguments.
Bought bought_for(const Subscription& subscription, const std::vector<Plan>& others, Money amount);

// Its periods: steps of a month from the first regular payment on where it is billed by months or years (so that
// a revision from one to the other moves none), else steps of its interval.
struct Periods {
    Grid grid;
    std::optional<Instant> trial_start;  // the trial ends at grid.anchor

    explicit Periods(const Subscription& subscription);

    // The step that a payment at this time is for: PayPal bills some hours before or after the minute.
    std::int64_t step_paid_at(Instant at) const;
    // Steps of one period of this plan.
    std::int64_t steps_of(const Plan& plan) const;
};

struct Period {
    Instant start, end;
};
// The one that runs at `at`, or of a subscription that is no longer billed the last paid one.
Period current_period(const Subscription& subscription, const std::vector<Plan>& others,
                      Instant at);

// Until when what was paid, or the trial, lasts. None: nothing was ever paid. What cancel_reason() wrote comes
// first.
std::optional<Instant> paid_until(const Subscription& subscription,
                                  const std::vector<Plan>& others);

// Whether somebody owes something: the last payment failed, or a balance is outstanding.
bool owes(const Subscription& subscription);
Money amount_owed(const Subscription& subscription);  // REQUIRES: owes()

// The `reason` of a cancellation, at most 128 characters: "Now: too expensive",
// "At period end 2026-07-01T10:00:00Z: too expensive". It comes back as status_change_note.
std::string cancel_reason(std::optional<Instant> paid_until, const std::string& comment);
struct CancelNote {
    bool now = false;
    std::optional<Instant> until;
    std::optional<std::string> comment;
};
CancelNote read_cancel_note(std::string_view note);

// REQUIRES: not approval_pending.
SubscriptionSnapshot to_snapshot(const Subscription& subscription, const std::vector<Plan>& others,
                                 Instant at);
CheckoutSnapshot to_checkout(const Subscription& subscription);

}  // namespace paydesk::provider::paypal
