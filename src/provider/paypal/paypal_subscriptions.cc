// Changes of a running subscription.

#include "provider/paypal/amount.h"
#include "provider/paypal/paypal_provider.h"
#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

std::string path_to(std::string_view verb, const Ref& subscription) {
    return path_of("/v1/billing/subscriptions", subscription) + "/" + std::string(verb);
}

bool is_over(const Subscription& subscription) {
    return subscription.state == State::cancelled || subscription.state == State::expired;
}

Error refused(ErrorCode code, std::string message, const Subscription& subscription) {
    return {code, std::move(message), subscription.id.value + ": " + subscription.note};
}

Error not_approved(const Subscription& subscription) {
    return refused(ErrorCode::subscription_not_changeable,
                   "The buyer has not approved this subscription at PayPal yet.", subscription);
}

// Until when it goes on once it is cancelled now; none: it ends at once.
std::optional<Instant> goes_on_until(const Subscription& subscription,
                                     const std::vector<Plan>& others, Instant at) {
    const bool billed = subscription.state == State::active && !owes(subscription) &&
                        (subscription.last_payment || Periods(subscription).trial_start);
    auto until = paid_until(subscription, others);
    if (billed)
        until = std::max(until, std::optional(current_period(subscription, others, at).end));
    if (until && *until <= at) until.reset();
    return until;
}

std::string comment_of(const CancelDetails& details) {
    std::string comment = without_nul(details.comment.value_or(""));
    if (details.feedback && comment.empty()) comment = *details.feedback;
    return comment;
}

Result<Money> renewal_amount(const Plan& plan, std::int64_t quantity) {
    const auto& price = plan.regular().price;
    if (!price) return unreadable("plan " + plan.plan.value + " has no fixed price");
    return price->times(quantity);
}

}  // namespace

Task<Result<PayPalProvider::Asked>> PayPalProvider::act_and_ask(Ref subscription,
                                                                std::string_view verb,
                                                                json::value body, State wanted) {
    const Answer answer =
        co_await client_.act("POST", path_to(verb, subscription), std::move(body));
    auto asked = co_await ask(subscription);
    if (!asked) co_return answer ? asked.error() : to_refusal(answer.error());
    if (!answer && asked->subscription.state != wanted) co_return to_refusal(answer.error());
    co_return asked;
}

Task<Result<Change>> PayPalProvider::cancel_subscription(IntentId, Ref subscription,
                                                         CancelWhen when, CancelDetails details) {
    auto asked = co_await ask(subscription);
    if (!asked) co_return asked.error();
    const Subscription& now = asked->subscription;
    if (now.state == State::approval_pending) co_return not_approved(now);
    if (is_over(now)) {
        Change change = snapshot_of(*asked);
        const bool goes_on = !is_terminal(std::get<SubscriptionSnapshot>(change.fact).status);
        if (when == CancelWhen::never) {
            co_return refused(ErrorCode::subscription_not_resumable,
                              goes_on
                                  ? "PayPal cannot undo a cancellation. Once the paid period is "
                                    "over you can subscribe anew."
                                  : "This subscription has ended: start a new one.",
                              now);
        }
        if (when == CancelWhen::now && goes_on) {
            co_return refused(
                ErrorCode::subscription_not_cancelable,
                "This subscription is cancelled already and ends with its paid period.", now);
        }
        co_return change;
    }
    if (when == CancelWhen::never) co_return snapshot_of(*asked);

    const auto until = when == CancelWhen::period_end ? goes_on_until(now, asked->others, asked->at)
                                                      : std::nullopt;
    const json::value body{
        {"reason", cancel_reason(until, comment_of(details))}
    };
    asked = co_await act_and_ask(subscription, "cancel", body, State::cancelled);
    if (!asked) co_return asked.error();
    co_return snapshot_of(*asked);
}

Task<Result<Change>> PayPalProvider::pause_subscription(IntentId, Ref subscription) {
    auto asked = co_await ask(subscription);
    if (!asked) co_return asked.error();
    const Subscription& now = asked->subscription;
    if (now.state == State::approval_pending || now.state == State::approved)
        co_return not_approved(now);
    if (is_over(now)) {
        co_return refused(ErrorCode::subscription_not_changeable,
                          "This subscription is cancelled: it can no longer be paused.", now);
    }
    if (now.state == State::active) {
        const json::value body{
            {"reason", "Paused in the app"}
        };
        asked = co_await act_and_ask(subscription, "suspend", body, State::suspended);
        if (!asked) co_return asked.error();
    }
    co_return snapshot_of(*asked);
}

Task<Result<PlanChanged>> PayPalProvider::resume_subscription(IntentId, Ref subscription) {
    auto asked = co_await ask(subscription);
    if (!asked) co_return asked.error();
    const Subscription& now = asked->subscription;
    if (now.state == State::approval_pending) co_return not_approved(now);
    if (is_over(now)) {
        co_return refused(ErrorCode::subscription_not_resumable,
                          "PayPal cannot undo a cancellation: subscribe anew.", now);
    }
    if (now.state == State::suspended || now.state == State::approved) {
        const json::value body{
            {"reason", "Resumed in the app"}
        };
        asked = co_await act_and_ask(subscription, "activate", body, State::active);
        if (!asked) co_return asked.error();
    }
    co_return PlanChanged{.subscription = snapshot_of(*asked)};
}

// ---- another plan ----

Task<Result<ChangePreview>> PayPalProvider::preview_change(PlanChange change, bool) {
    const auto asked = co_await ask(change.subscription);
    if (!asked) co_return asked.error();
    const Subscription& now = asked->subscription;
    if (!now.next_billing) {
        co_return refused(ErrorCode::subscription_not_changeable,
                          "This subscription is not billed again: there is nothing to change.",
                          now);
    }
    const auto plan = co_await get_plan(change.price);
    if (!plan) co_return plan.error();
    const auto amount = renewal_amount(*plan, change.quantity);
    if (!amount) co_return amount.error();
    co_return ChangePreview{
        .now = {},
          .proration_date = {},
          .renewal = {*amount, *now.next_billing}
    };
}

Task<Result<Renewal>> PayPalProvider::preview_renewal(Ref subscription) {
    const auto asked = co_await ask(subscription);
    if (!asked) co_return asked.error();
    const Subscription& now = asked->subscription;
    if (!now.next_billing || now.state != State::active)
        co_return refused(ErrorCode::not_found, "There will be no renewal.", now);
    const auto amount = renewal_amount(now.plan, now.quantity);
    if (!amount) co_return amount.error();
    if (!now.outstanding || now.outstanding->currency() != amount->currency())
        co_return Renewal{*amount, *now.next_billing};
    // auto_bill_outstanding: it comes with the next billing.
    const auto whole = amount->plus(*now.outstanding);
    if (!whole) co_return whole.error();
    co_return Renewal{*whole, *now.next_billing};
}

Task<Result<PlanChanged>> PayPalProvider::change_plan(IntentId, PlanChange change) {
    auto asked = co_await ask(change.subscription);
    if (!asked) co_return asked.error();
    const Subscription& now = asked->subscription;
    if (now.state == State::approval_pending || now.state == State::approved)
        co_return not_approved(now);
    if (is_over(now)) {
        co_return refused(ErrorCode::subscription_not_changeable,
                          "This subscription is cancelled: subscribe anew to the other plan.", now);
    }
    if (now.plan.plan == change.price && now.quantity == change.quantity)
        co_return PlanChanged{.subscription = snapshot_of(*asked)};

    json::object body{
        {"plan_id",  change.price.value             },
        {"quantity", std::to_string(change.quantity)}
    };
    if (!options_.return_url.empty()) {
        body["application_context"] = {
            {"return_url",          options_.return_url},
            {"cancel_url",          options_.return_url},
            {"user_action",         "CONTINUE"         },
            {"shipping_preference", "NO_SHIPPING"      }
        };
    }
    const Answer answer = co_await client_.act("POST", path_to("revise", change.subscription),
                                               json::value(std::move(body)));
    if (!answer) co_return to_refusal(answer.error());
    const auto consent = approval_link(*answer);
    if (consent) {
        co_return PlanChanged{.state = PlanChanged::State::requires_action,
                              .subscription = snapshot_of(*asked),
                              .url = consent};
    }
    asked = co_await ask(change.subscription);
    if (!asked) co_return asked.error();
    co_return PlanChanged{.subscription = snapshot_of(*asked)};
}

Task<Result<Change>> PayPalProvider::schedule_change(IntentId, PlanChange) {
    co_return Error{
        ErrorCode::subscription_not_changeable,
        "PayPal schedules no change: a change of plan takes effect at the next billing, "
        "once the buyer has agreed to it."};
}

Task<Result<std::optional<Change>>> PayPalProvider::release_schedule(IntentId, Ref) {
    co_return std::optional<Change>{};
}

// ---- promotion codes ----

Task<Result<std::optional<PromotionCode>>> PayPalProvider::find_promotion_code(std::string) {
    co_return std::optional<PromotionCode>{};
}

Task<Result<Change>> PayPalProvider::set_promotion_code(IntentId, Ref subscription,
                                                        std::optional<Ref> promotion_code) {
    if (!promotion_code) co_return co_await fetch(ObjectKind::subscription, subscription);
    co_return Error{ErrorCode::promotion_code_invalid,
                    "Promotion codes cannot be used with PayPal."};
}

}  // namespace paydesk::provider::paypal
