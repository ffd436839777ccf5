// Changes of a running subscription that take effect at once, their previews, and pauses.

#include "provider/stripe/changed_items.h"
#include "provider/stripe/nested_list.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/reading.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view subscriptions_path = "/v1/subscriptions";
constexpr std::string_view invoices_path = "/v1/invoices";

Form preview_of(const PlanChange& change, const json::value& subscription,
                std::string_view proration) {
    Form form;
    form.set("subscription", change.subscription.value);
    set_items(form, "subscription_details[items]", change, subscription);
    form.set("subscription_details[proration_behavior]", proration);
    if (proration != "none" && change.proration_date) {
        form.set("subscription_details[proration_date]", to_unix(*change.proration_date));
    }
    return form;
}

// `used_up`: by an earlier invoice, which leaves none.
void set_discounts(Form& form, const PlanChange& change, bool used_up = false) {
    if (!change.promotion_code) return;
    if (used_up) {
        form.set("discounts", "");
    } else {
        form.set("discounts[0][promotion_code]", change.promotion_code->promotion_code.value);
    }
}

// The time of the prorations: said by the invoice, or by the start of what they are about.
std::optional<Instant> proration_date_of(const json::value& invoice,
                                         const InvoiceSnapshot& snapshot) {
    auto at =
        instant_at(invoice, {"parent", "subscription_details", "subscription_proration_date"});
    if (!at) at = instant_at(invoice, {"subscription_proration_date"});
    for (const auto& line : snapshot.lines) {
        if (line.proration && line.period_start && !at) at = line.period_start;
    }
    return at;
}

// When the plan is paid for next, by an invoice without prorations. Stripe: a change of the interval
// is billed at once and begins a new period, so the renewal is at that period's end.
std::optional<Instant> renewal_after(const InvoiceSnapshot& invoice, const Ref& price,
                                     const std::optional<Instant>& period_end) {
    for (const auto& line : invoice.lines) {
        if (line.price != price || !line.period_start || line.proration) continue;
        const bool is_renewal = !period_end || *line.period_start >= *period_end;
        return is_renewal ? line.period_start : line.period_end;
    }
    return period_end;
}

// The payment's state, of the invoice with payments.data.payment.payment_intent expanded.
const json::value* intent_of(const json::value& invoice) {
    for (const json::value& payment : list_at(invoice, {"payments"})) {
        const json::value* intent = at_path(payment, {"payment", "payment_intent"});
        if (intent != nullptr && intent->is_object()) return intent;
    }
    return nullptr;
}

Error declined(const json::value* intent) {
    StripeError error{.http_status = 402, .type = "card_error"};
    if (intent != nullptr) {
        error.code = text_at(*intent, {"last_payment_error", "code"}).value_or("");
        error.decline_code = text_at(*intent, {"last_payment_error", "decline_code"}).value_or("");
        error.message = text_at(*intent, {"last_payment_error", "message"}).value_or("");
    }
    return to_refusal(error);
}

}  // namespace

Task<Answer> StripeProvider::get_subscription(Ref subscription) {
    Answer answer = co_await client_.get(path_of(subscriptions_path, subscription));
    if (!answer || at_path(*answer, {"items"}) == nullptr) co_return answer;
    const Answer items = co_await read_to_the_end(client_, *at_path(*answer, {"items"}));
    if (!items) co_return items;
    answer->as_object()["items"] = *items;
    co_return answer;
}

// A preview changes nothing, so its key may be any: each is asked once.
Task<Answer> StripeProvider::preview(Form form) {
    co_return co_await client_.post("/v1/invoices/create_preview", std::move(form),
                                    {"preview:" + uuid_v7(clock_.now())});
}

Task<Result<ChangePreview>> StripeProvider::preview_change(PlanChange change, bool at_period_end) {
    const Answer current = co_await get_subscription(change.subscription);
    if (!current) co_return to_refusal(current.error());
    const auto state = read_subscription(*current, client_.remote_clock().there(clock_.now()));
    if (!state) co_return state.error();

    std::optional<InvoiceSnapshot> now;
    std::optional<Instant> proration_date;
    if (!at_period_end) {
        Form form = preview_of(change, *current, "always_invoice");
        set_discounts(form, change);
        const Answer answer = co_await preview(std::move(form));
        if (!answer) co_return to_refusal(answer.error());
        auto read = read_invoice(*answer, client_.remote_clock().there(clock_.now()));
        if (!read) co_return read.error();
        proration_date = proration_date_of(*answer, *read);
        now = std::move(*read);
    }
    const bool used_up = now && change.promotion_code &&
                         change.promotion_code->duration == "once" &&
                         now->discount.minor_units() != 0;
    Form form = preview_of(change, *current, "none");
    set_discounts(form, change, used_up);
    const Answer next = co_await preview(std::move(form));
    if (!next) co_return to_refusal(next.error());
    const auto renewal = read_invoice(*next, client_.remote_clock().there(clock_.now()));
    if (!renewal) co_return renewal.error();
    // Billed at the period's end, the next one is the renewal itself.
    const auto at = at_period_end ? state->period_end
                                  : renewal_after(*renewal, change.price, state->period_end);
    if (!at) co_return unreadable("a preview that does not say when it renews");
    co_return ChangePreview{
        .now = std::move(now), .proration_date = proration_date, .renewal = {renewal->total, *at}
    };
}

Task<Result<Renewal>> StripeProvider::preview_renewal(Ref subscription) {
    Form form;
    form.set("subscription", subscription.value);
    const Answer answer = co_await preview(std::move(form));
    if (!answer) {
        // Stripe: a subscription that will not renew has no upcoming invoice.
        if (answer.error().http_status == 400 || answer.error().http_status == 404) {
            co_return Error{ErrorCode::not_found, "There will be no renewal.",
                            to_refusal(answer.error()).detail};
        }
        co_return to_refusal(answer.error());
    }
    const auto invoice = read_invoice(*answer, client_.remote_clock().there(clock_.now()));
    if (!invoice) co_return invoice.error();
    auto at = invoice->next_payment_attempt ? invoice->next_payment_attempt : invoice->period_end;
    if (!at) co_return unreadable("an upcoming invoice without a date");
    co_return Renewal{invoice->amount_due, *at};
}

// What became of the invoice that a change waits for. `changed` has the state before it is paid.
Task<Result<PlanChanged>> StripeProvider::settle_payment(IntentId intent, PlanChanged changed,
                                                         Ref invoice, bool void_when_declined) {
    const Instant asked = clock_.now();
    Form expanded;
    expanded.set("expand[0]", "payments.data.payment.payment_intent");
    const Answer answer = co_await client_.get(path_of(invoices_path, invoice), expanded);
    if (!answer) co_return to_refusal(answer.error());
    const json::value* payment = intent_of(*answer);
    const auto status = payment ? text_at(*payment, {"status"}).value_or("") : "";
    const bool may_be_paid_there = status == "requires_action" || !void_when_declined;
    if (may_be_paid_there || status == "processing") {
        auto of =
            normalise_object(ObjectKind::invoice, *answer, client_.remote_clock().there(asked));
        if (!of) co_return of.error();
        changed.state = status == "processing" ? PlanChanged::State::processing
                                               : PlanChanged::State::requires_action;
        changed.url = text_at(*answer, {"hosted_invoice_url"});
        changed.invoice = std::move(*of);
        co_return changed;
    }
    // Stripe: with its invoice the pending update is gone.
    const Answer voided = co_await client_.post(path_of(invoices_path, invoice) + "/void", {},
                                                {intent.value + ":void"});
    if (!voided) co_return to_refusal(voided.error());
    co_return declined(payment);
}

Task<Result<PlanChanged>> StripeProvider::change_plan(IntentId intent, PlanChange change) {
    const Answer current = co_await get_subscription(change.subscription);
    if (!current) co_return to_refusal(current.error());
    const auto released = co_await release_schedule_of({intent.value + ":release"}, *current);
    if (!released) co_return released.error();

    Form form;
    set_items(form, "items", change, *current);
    form.set("proration_behavior", "always_invoice")
        .set("payment_behavior", "pending_if_incomplete");
    if (change.proration_date) form.set("proration_date", to_unix(*change.proration_date));
    set_discounts(form, change);
    const Instant asked = clock_.now();
    const Answer answer =
        co_await client_.post(path_of(subscriptions_path, change.subscription), form, intent);
    if (!answer) co_return to_refusal(answer.error());
    auto subscription =
        normalise_object(ObjectKind::subscription, *answer, client_.remote_clock().there(asked));
    if (!subscription) co_return subscription.error();
    PlanChanged changed{.subscription = std::move(*subscription), .released = *released};

    const auto invoice = ref_at(*answer, {"latest_invoice"});
    if (at_path(*answer, {"pending_update"}) == nullptr || !invoice) co_return changed;
    changed.expires_at = instant_at(*answer, {"pending_update", "expires_at"});
    co_return co_await settle_payment(intent, std::move(changed), *invoice, true);
}

Task<Result<Change>> StripeProvider::pause_subscription(IntentId intent, Ref subscription) {
    auto current = co_await fetch(ObjectKind::subscription, subscription);
    if (!current) co_return current;
    const auto& state = std::get<SubscriptionSnapshot>(current->fact);
    if (state.status == SubscriptionStatus::paused) co_return current;
    if (state.schedule) {
        const auto released = co_await release_schedule({intent.value + ":release"}, subscription);
        if (!released) co_return released.error();
    }
    Form form;
    form.set("bill_for[unused_time_from][type]", "now")
        .set("invoicing_behavior", "pending_invoice_item");
    const Instant asked = clock_.now();
    const Answer answer =
        co_await client_.post(path_of(subscriptions_path, subscription) + "/pause", form, intent);
    if (!answer) co_return to_refusal(answer.error());
    co_return normalise_object(ObjectKind::subscription, *answer,
                               client_.remote_clock().there(asked));
}

Task<Result<PlanChanged>> StripeProvider::resume_subscription(IntentId intent, Ref subscription) {
    auto current = co_await fetch(ObjectKind::subscription, subscription);
    if (!current) co_return current.error();
    if (std::get<SubscriptionSnapshot>(current->fact).status != SubscriptionStatus::paused) {
        co_return PlanChanged{.subscription = std::move(*current)};
    }
    Form form;
    form.set("billing_cycle_anchor[type]", "now")
        .set("payment_behavior", "resume_on_payment_success");
    const Instant asked = clock_.now();
    const Answer answer =
        co_await client_.post(path_of(subscriptions_path, subscription) + "/resume", form, intent);
    if (!answer) co_return to_refusal(answer.error());
    auto resumed =
        normalise_object(ObjectKind::subscription, *answer, client_.remote_clock().there(asked));
    if (!resumed) co_return resumed.error();
    const auto& state = std::get<SubscriptionSnapshot>(resumed->fact);
    const auto invoice = state.latest_invoice;
    const bool waits = state.status == SubscriptionStatus::paused;
    PlanChanged changed{.subscription = std::move(*resumed)};
    if (!waits || !invoice) co_return changed;
    // Its invoice stays, credit for unused time and all, until it is paid on its page.
    co_return co_await settle_payment(intent, std::move(changed), *invoice, false);
}

}  // namespace paydesk::provider::stripe
