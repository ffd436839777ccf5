#include "provider/paypal/subscription.h"

#include <algorithm>

#include "base/assert.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view now_prefix = "Now: ";
constexpr std::string_view end_prefix = "At period end";
constexpr std::size_t reason_characters_max = 128;  // PayPal's limit

// A start that was put off by more than that is a trial; less is the buyer's time at PayPal.
constexpr std::chrono::hours trial_least{12};
constexpr std::chrono::hours billing_slack_max{24};

bool is_by_months(const BillingCycle& cycle) {
    return cycle.unit == Unit::month || cycle.unit == Unit::year;
}

bool is_over(State state) { return state == State::cancelled || state == State::expired; }

// How far from the minute PayPal may bill.
std::chrono::microseconds slack_of(const Grid& grid) {
    return std::min<std::chrono::microseconds>(billing_slack_max,
                                               (grid.start_of(1) - grid.start_of(0)) / 4);
}

bool costs(const Plan& plan, std::int64_t quantity, Money amount) {
    const auto& price = plan.regular().price;
    if (!price || price->currency() != amount.currency()) return false;
    const auto whole = price->times(quantity);
    return whole && *whole == amount;
}

// Not in the middle of a UTF-8 sequence.
std::string cut(std::string text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
    text.resize(bytes);
    return text;
}

// The last paid one.
Period paid_period(const Subscription& subscription, const std::vector<Plan>& others) {
    const Periods periods(subscription);
    const auto& paid = subscription.last_payment;
    const std::int64_t step = paid ? std::max<std::int64_t>(0, periods.step_paid_at(paid->at)) : 0;
    const Plan& plan =
        paid ? *bought_for(subscription, others, paid->amount).plan : subscription.plan;
    return {periods.grid.start_of(step), periods.grid.start_of(step + periods.steps_of(plan))};
}

// The one that ends when it is billed next.
Period billed_period(const Subscription& subscription, Instant next) {
    const Periods periods(subscription);
    const BillingCycle& cycle = subscription.plan.regular();
    const std::int64_t step = periods.step_paid_at(next);
    const Instant boundary = periods.grid.start_of(step);
    const auto slack = slack_of(periods.grid);
    if (boundary - next > slack || next - boundary > slack)  // PayPal moved it
        return {after(next, cycle.unit, -cycle.count), next};
    std::int64_t first = step - periods.steps_of(subscription.plan);
    if (first < 0) {  // revised to longer periods: this one still has the length that was paid
        const auto& paid = subscription.last_payment;
        first = paid ? std::max<std::int64_t>(0, periods.step_paid_at(paid->at)) : 0;
    }
    return {periods.grid.start_of(std::min(first, step - 1)), boundary};
}

bool is_trialing(const Subscription& subscription, Instant at) {
    const Periods periods(subscription);
    return periods.trial_start && at < periods.grid.anchor;
}

SubscriptionStatus running_status(const Subscription& subscription, Instant at) {
    if (is_trialing(subscription, at)) return SubscriptionStatus::trialing;
    return owes(subscription) ? SubscriptionStatus::past_due : SubscriptionStatus::active;
}

// What a cancelled or expired one is.
void end_of(const Subscription& subscription, const std::vector<Plan>& others, Instant at,
            SubscriptionSnapshot& snapshot) {
    const Instant since = subscription.state_since.value_or(at);
    const auto until = paid_until(subscription, others);
    const CancelNote note = read_cancel_note(subscription.note);
    snapshot.canceled_at = since;
    snapshot.cancel_comment = note.comment;
    if (!note.now && until && *until > since) {
        if (at < *until) {
            snapshot.status = is_trialing(subscription, at) ? SubscriptionStatus::trialing
                                                            : SubscriptionStatus::active;
            snapshot.cancel_at_period_end = true;
            snapshot.cancel_at = until;
            return;
        }
        snapshot.status = SubscriptionStatus::canceled;
        snapshot.cancel_at = until;
        snapshot.ended_at = until;
        return;
    }
    snapshot.status = SubscriptionStatus::canceled;
    snapshot.ended_at = since;
}

}  // namespace

Periods::Periods(const Subscription& subscription) {
    Instant anchor = subscription.start;
    bool has_trial = false;
    for (const BillingCycle& cycle : subscription.plan.cycles) {
        if (!cycle.is_trial) break;
        has_trial = true;
        anchor = after(anchor, cycle.unit, cycle.count * cycle.total);
    }
    if (has_trial) {
        trial_start = subscription.start;
    } else if (subscription.start - subscription.created_at > trial_least) {
        trial_start = subscription.created_at;
    }
    const BillingCycle& regular = subscription.plan.regular();
    grid = is_by_months(regular) ? Grid{anchor, Unit::month, 1}
                                 : Grid{anchor, regular.unit, regular.count};
}

std::int64_t Periods::step_paid_at(Instant at) const { return grid.step_of(at + slack_of(grid)); }

std::int64_t Periods::steps_of(const Plan& plan) const {
    const BillingCycle& regular = plan.regular();
    if (!is_by_months(regular)) return 1;
    return regular.count * (regular.unit == Unit::year ? 12 : 1);
}

Bought bought_for(const Subscription& subscription, const std::vector<Plan>& others, Money amount) {
    const Plan& own = subscription.plan;
    const std::int64_t quantity = subscription.quantity;
    if (costs(own, quantity, amount)) return {&own, quantity};
    for (const Plan& other : others) {
        if (costs(other, quantity, amount)) return {&other, quantity};
    }
    const auto& price = own.regular().price;
    if (price && price->currency() == amount.currency() && price->minor_units() > 0 &&
        amount.minor_units() > 0 && amount.minor_units() % price->minor_units() == 0) {
        return {&own, amount.minor_units() / price->minor_units()};
    }
    return {&own, std::nullopt};
}

Period current_period(const Subscription& subscription, const std::vector<Plan>& others,
                      Instant at) {
    const Periods periods(subscription);
    if (periods.trial_start && at < periods.grid.anchor)
        return {*periods.trial_start, periods.grid.anchor};
    if (subscription.next_billing) return billed_period(subscription, *subscription.next_billing);
    return paid_period(subscription, others);
}

std::optional<Instant> paid_until(const Subscription& subscription,
                                  const std::vector<Plan>& others) {
    if (const auto note = read_cancel_note(subscription.note); note.until) return note.until;
    const Periods periods(subscription);
    std::optional<Instant> until;
    if (periods.trial_start) until = periods.grid.anchor;
    if (subscription.last_payment)
        until = std::max(until.value_or(Instant{}), paid_period(subscription, others).end);
    return until;
}

bool owes(const Subscription& subscription) {
    if (subscription.outstanding || subscription.failures > 0) return true;
    const auto& failed = subscription.last_failure;
    return failed && (!subscription.last_payment || subscription.last_payment->at < failed->at);
}

Money amount_owed(const Subscription& subscription) {
    const auto& failed = subscription.last_failure;
    if (subscription.outstanding) {
        // What is being tried again comes on top of the balance, and is billed together with it.
        const bool more = subscription.next_retry && failed &&
                          failed->amount.currency() == subscription.outstanding->currency() &&
                          failed->amount > *subscription.outstanding;
        return more ? failed->amount : *subscription.outstanding;
    }
    if (failed) return failed->amount;
    // A failure is counted, but neither its amount nor a balance is told.
    const auto& price = subscription.plan.regular().price;
    if (!price) return Money::zero(Currency::usd());
    const auto whole = price->times(subscription.quantity);
    return whole ? *whole : *price;
}

std::string cancel_reason(std::optional<Instant> paid_until, const std::string& comment) {
    std::string reason(now_prefix);
    if (paid_until) {
        reason = std::string(end_prefix) + " " +
                 to_iso8601(std::chrono::floor<std::chrono::seconds>(*paid_until)) + ": ";
    }
    return cut(reason + (comment.empty() ? "cancelled in the app" : comment),
               reason_characters_max);
}

CancelNote read_cancel_note(std::string_view note) {
    CancelNote read;
    if (note.starts_with(now_prefix)) {
        read.now = true;
        note.remove_prefix(now_prefix.size());
    } else if (note.starts_with(end_prefix)) {
        note.remove_prefix(end_prefix.size());
        const auto colon = note.find(": ");
        if (note.starts_with(' ') && colon != std::string_view::npos) {
            if (const auto until = parse_iso8601(note.substr(1, colon - 1))) read.until = *until;
        }
        note.remove_prefix(colon == std::string_view::npos ? note.size() : colon + 2);
    }
    if (!note.empty()) read.comment = std::string(note);
    return read;
}

SubscriptionSnapshot to_snapshot(const Subscription& subscription, const std::vector<Plan>& others,
                                 Instant at) {
    PD_ASSERT(subscription.state != State::approval_pending);
    const Periods periods(subscription);
    const Period period = current_period(subscription, others, at);
    SubscriptionSnapshot snapshot{.subscription = subscription.id,
                                  .customer = {subscription.custom_id},
                                  .account = subscription.account,
                                  .status = SubscriptionStatus::incomplete,
                                  .items = {},
                                  .period_start = period.start,
                                  .period_end = period.end,
                                  .cancel_at = {},
                                  .canceled_at = {},
                                  .ended_at = {},
                                  .trial_start = periods.trial_start,
                                  .trial_end = {},
                                  .cancel_reason = {},
                                  .default_payment_method = {},
                                  .latest_invoice = {},
                                  .created_at = subscription.created_at,
                                  .plan_key = {}};
    if (periods.trial_start) snapshot.trial_end = periods.grid.anchor;
    snapshot.items.push_back({.item = subscription.id,
                              .price = subscription.plan.plan,
                              .product = subscription.plan.product,
                              .lookup_key = {},
                              .quantity = subscription.quantity,
                              .period_start = period.start,
                              .period_end = period.end});
    switch (subscription.state) {
        case State::approval_pending:
        case State::approved:
            break;
        case State::active:
            snapshot.status = running_status(subscription, at);
            break;
        case State::suspended:
            snapshot.status =
                owes(subscription) ? SubscriptionStatus::unpaid : SubscriptionStatus::paused;
            break;
        case State::cancelled:
        case State::expired:
            end_of(subscription, others, at, snapshot);
            break;
    }
    return snapshot;
}

CheckoutSnapshot to_checkout(const Subscription& subscription) {
    const bool open = subscription.state == State::approval_pending;
    const bool dropped = is_over(subscription.state) && !subscription.last_payment &&
                         !Periods(subscription).trial_start;
    CheckoutSnapshot checkout{.checkout = subscription.id,
                              .customer = Ref{subscription.custom_id},
                              .subscription = {},
                              .payment = {},
                              .invoice = {},
                              .account = subscription.account,
                              .mode = "subscription",
                              .status = open      ? "open"
                                        : dropped ? "expired"
                                                  : "complete",
                              .payment_status = "unpaid",
                              .total = {},
                              .email = subscription.email,
                              .plan_key = {},
                              .intent_id = {},
                              .expires_at = {},
                              .created_at = subscription.created_at};
    if (!open && !dropped) checkout.subscription = subscription.id;
    if (subscription.last_payment) checkout.payment_status = "paid";
    if (!open && Periods(subscription).trial_start && !subscription.last_payment)
        checkout.payment_status = "no_payment_required";
    return checkout;
}

}  // namespace paydesk::provider::paypal
