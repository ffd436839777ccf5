#include "provider/stripe/stripe_provider.h"

#include <chrono>

#include "base/assert.h"
#include "provider/stripe/nested_list.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view sessions_path = "/v1/checkout/sessions";

Result<Checkout> read_session(const json::value& session) {
    const auto id = text_at(session, {"id"});
    const auto status = text_at(session, {"status"});
    const auto expires_at = instant_at(session, {"expires_at"});
    if (!id || !status || !expires_at) {
        return unreadable("a checkout session without id, status or expires_at");
    }
    return Checkout{Ref{*id}, text_at(session, {"url"}).value_or(""), *status, *expires_at};
}

// Written on the session and on what it creates: Stripe copies nothing from one to the other.
void set_metadata(Form& form, const std::string& prefix, const NewCheckout& input) {
    form.set(prefix + "[user_id]", input.account.value)
        .set(prefix + "[supabase_user_id]", input.account.value)
        .set(prefix + "[account_id]", input.account.value)
        .set(prefix + "[plan_key]", input.plan_key)
        .set(prefix + "[checkout_id]", input.checkout_id);
    if (!input.billing_cycle.empty()) form.set(prefix + "[plan_type]", input.billing_cycle);
}

// No payment_method_types: endive refuses them, and without them the Dashboard decides.
Form checkout_form(const NewCheckout& input) {
    const bool recurring = input.mode == CheckoutMode::subscription;
    Form form;
    form.set("mode", recurring ? "subscription" : "payment")
        .set("customer", input.customer.value)
        .set("client_reference_id", input.account.value)
        .set("line_items[0][price]", input.price.value)
        .set("line_items[0][quantity]", input.quantity);
    // Metered ones have no quantity.
    for (std::size_t i = 0; i < input.metered_prices.size(); ++i)
        form.set("line_items[" + std::to_string(i + 1) + "][price]", input.metered_prices[i].value);
    form.set("success_url", input.success_url)
        .set("cancel_url", input.cancel_url)
        .set("expires_at", to_unix(input.expires_at));
    set_metadata(form, "metadata", input);
    if (recurring) {
        set_metadata(form, "subscription_data[metadata]", input);
        form.set("subscription_data[trial_period_days]", input.trial_days);
        // Checkout asks for a card; where it is gone when the trial ends, so is the subscription.
        if (input.trial_days) {
            form.set("subscription_data[trial_settings][end_behavior][missing_payment_method]",
                     "cancel");
        }
    } else {
        set_metadata(form, "payment_intent_data[metadata]", input);
        form.set("invoice_creation[enabled]", true);
        set_metadata(form, "invoice_creation[invoice_data][metadata]", input);
    }
    // The two exclude each other.
    if (input.promotion_code) {
        form.set("discounts[0][promotion_code]", *input.promotion_code);
    } else {
        form.set("allow_promotion_codes", true);
    }
    return form;
}

Form portal_form(const NewPortal& input) {
    Form form;
    form.set("customer", input.customer.value).set("return_url", input.return_url);
    if (input.flow == PortalFlow::home) return form;
    if (input.flow == PortalFlow::payment_method_update) {
        form.set("flow_data[type]", "payment_method_update");
    } else {
        PD_ASSERT(input.subscription.has_value());
        form.set("flow_data[type]", "subscription_cancel")
            .set("flow_data[subscription_cancel][subscription]", input.subscription->value);
    }
    // A deep link does one thing and comes back; without this it ends on a page of Stripe's.
    form.set("flow_data[after_completion][type]", "redirect")
        .set("flow_data[after_completion][redirect][return_url]", input.return_url);
    return form;
}

struct Fetched {
    std::string_view collection;
    std::string_view list;  // a nested list that may be longer than the object shows
};

Fetched place_of(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::customer:
            return {"/v1/customers", ""};
        case ObjectKind::subscription:
            return {"/v1/subscriptions", "items"};
        case ObjectKind::invoice:
            return {"/v1/invoices", "lines"};
        case ObjectKind::payment_method:
            return {"/v1/payment_methods", ""};
        case ObjectKind::checkout:
            return {sessions_path, ""};
        case ObjectKind::charge:
            return {"/v1/charges", ""};
        case ObjectKind::refund:
            return {"/v1/refunds", ""};
        case ObjectKind::dispute:
            return {"/v1/disputes", ""};
        case ObjectKind::subscription_schedule:
            return {"/v1/subscription_schedules", ""};
        case ObjectKind::other:
            break;
    }
    PD_ASSERT(!"kind other has no fetch");
    return {};
}

}  // namespace

StripeProvider::StripeProvider(Client& client, const Clock& clock)
    : client_(client), clock_(clock) {}

Error unreadable(std::string_view what) {
    return {ErrorCode::provider_unavailable, "Stripe's answer could not be read. Try again later.",
            std::string(what)};
}

Task<Result<Ref>> StripeProvider::create_customer(IntentId intent, NewCustomer input) {
    Form form;
    form.set("email", input.email)
        .set("name", input.name)
        .set("metadata[user_id]", input.account.value)
        .set("metadata[supabase_user_id]", input.account.value)
        .set("metadata[account_id]", input.account.value);
    const Answer answer = co_await client_.post("/v1/customers", form, intent);
    if (!answer) co_return to_refusal(answer.error());
    const auto customer = ref_at(*answer, {"id"});
    if (!customer) co_return unreadable("a customer without id");
    co_return *customer;
}

Task<Result<Checkout>> StripeProvider::create_checkout(IntentId intent, NewCheckout input) {
    const Answer answer =
        co_await client_.post(std::string(sessions_path), checkout_form(input), intent);
    if (!answer) co_return to_refusal(answer.error());
    co_return read_session(*answer);
}

Task<Result<Checkout>> StripeProvider::get_checkout(Ref checkout) {
    const Answer answer = co_await client_.get(path_of(sessions_path, checkout));
    if (!answer) co_return to_refusal(answer.error());
    co_return read_session(*answer);
}

Task<Result<void>> StripeProvider::expire_checkout(IntentId intent, Ref checkout) {
    const std::string path = path_of(sessions_path, checkout) + "/expire";
    const Answer answer = co_await client_.post(path, {}, intent);
    if (answer) co_return Result<void>{};
    if (answer.error().http_status != 400) co_return to_refusal(answer.error());

    // Stripe refuses to expire what is not open; expired already is what was wanted.
    const auto now = co_await get_checkout(checkout);
    if (now && now->status == "expired") co_return Result<void>{};
    co_return to_refusal(answer.error());
}

Task<Result<std::string>> StripeProvider::create_portal(IntentId intent, NewPortal input) {
    const Answer answer =
        co_await client_.post("/v1/billing_portal/sessions", portal_form(input), intent);
    if (!answer) co_return to_refusal(answer.error());
    const auto url = text_at(*answer, {"url"});
    if (!url) co_return unreadable("a portal session without url");
    co_return *url;
}

Task<Result<Change>> StripeProvider::fetch(ObjectKind kind, Ref object) {
    const Fetched place = place_of(kind);
    const Instant asked = clock_.now();
    Form query;
    if (kind == ObjectKind::invoice) query.set("expand[0]", "payments");
    Answer answer = co_await client_.get(path_of(place.collection, object), query);
    if (!answer) co_return to_refusal(answer.error());

    // What is left of a deleted object is its id; only for a customer does that tell us something.
    const bool deleted = bool_at(*answer, {"deleted"}).value_or(false);
    if (deleted && kind != ObjectKind::customer) {
        co_return Error{ErrorCode::not_found, "Stripe has no such object (any more).",
                        object.value + " is deleted"};
    }
    if (!place.list.empty() && at_path(*answer, {place.list}) != nullptr) {
        const Answer list = co_await read_to_the_end(client_, *at_path(*answer, {place.list}));
        if (!list) co_return to_refusal(list.error());
        answer->as_object()[place.list] = *list;
    }
    co_return normalise_object(kind, *answer, client_.remote_clock().there(asked));
}

Task<Result<Change>> StripeProvider::cancel_subscription(IntentId intent, Ref subscription,
                                                         CancelWhen when, CancelDetails details) {
    auto current = co_await fetch(ObjectKind::subscription, subscription);
    if (!current) co_return current;
    const auto& state = std::get<SubscriptionSnapshot>(current->fact);

    if (is_terminal(state.status)) {
        if (when != CancelWhen::never) co_return current;
        co_return Error{ErrorCode::subscription_not_resumable,
                        "This subscription has ended: start a new one.",
                        subscription.value + " is " + std::string(to_string(state.status))};
    }
    if (when == CancelWhen::now) {
        co_return co_await end_subscription(subscription, std::move(details));
    }
    if (when == CancelWhen::period_end) {
        const bool ends_with_period =
            state.cancel_at_period_end || (state.cancel_at && state.cancel_at <= state.period_end);
        if (ends_with_period && !details.feedback && !details.comment) co_return current;
        if (state.schedule) {
            const auto released =
                co_await release_schedule({intent.value + ":release"}, subscription);
            if (!released) co_return released.error();
        }
        Form form;
        if (!ends_with_period) form.set("cancel_at_period_end", true);
        form.set("cancellation_details[feedback]", details.feedback)
            .set("cancellation_details[comment]", details.comment);
        co_return co_await change_subscription(intent, subscription, std::move(form));
    }

    // cancel_at_period_end and cancel_at exclude each other in one call, so each that is set is
    // undone by its own. Undoing the first clears both on every version that we know.
    const bool by_flag = state.cancel_at_period_end;
    if (by_flag) {
        current = co_await change_subscription(intent, subscription,
                                               Form().set("cancel_at_period_end", false));
        if (!current) co_return current;
    }
    const auto& undone = std::get<SubscriptionSnapshot>(current->fact);
    if (undone.cancel_at) {
        if (by_flag) intent.value += ":cancel_at";
        current = co_await change_subscription(intent, subscription, Form().set("cancel_at", ""));
    }
    co_return current;
}

Task<Result<Change>> StripeProvider::change_subscription(IntentId intent, Ref subscription,
                                                         Form changes) {
    const Instant asked = clock_.now();
    const Answer answer =
        co_await client_.post(path_of("/v1/subscriptions", subscription), changes, intent);
    if (!answer) co_return to_refusal(answer.error());
    co_return normalise_object(ObjectKind::subscription, *answer,
                               client_.remote_clock().there(asked));
}

Task<Result<Change>> StripeProvider::end_subscription(Ref subscription, CancelDetails details) {
    const Instant asked = clock_.now();
    Form why;
    why.set("cancellation_details[feedback]", details.feedback)
        .set("cancellation_details[comment]", details.comment);
    const Answer answer =
        co_await client_.del(path_of("/v1/subscriptions", subscription), std::move(why));
    if (answer)
        co_return normalise_object(ObjectKind::subscription, *answer,
                                   client_.remote_clock().there(asked));

    // DELETE takes no idempotency key. When the answer to the first try was lost, the second is
    // refused, although the subscription has ended as asked.
    const int status = answer.error().http_status;
    if (status == 400 || status == 404) {
        const auto current = co_await fetch(ObjectKind::subscription, subscription);
        if (current && is_terminal(std::get<SubscriptionSnapshot>(current->fact).status)) {
            co_return current;
        }
    }
    co_return to_refusal(answer.error());
}

}  // namespace paydesk::provider::stripe
