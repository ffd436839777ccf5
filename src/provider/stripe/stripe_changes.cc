// Changes of a running subscription: previews, at once, at the period's end, pauses.

#include <algorithm>

#include "provider/stripe/nested_list.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/reading.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view schedules_path = "/v1/subscription_schedules";

std::string path_of(const Ref& subscription) {
    return "/v1/subscriptions/" + encode_path_segment(subscription.value);
}
std::string schedule_path(const Ref& schedule) {
    return std::string(schedules_path) + "/" + encode_path_segment(schedule.value);
}
std::string invoice_path(const Ref& invoice) {
    return "/v1/invoices/" + encode_path_segment(invoice.value);
}

Error unreadable(std::string_view what) {
    return {ErrorCode::provider_unavailable, "Stripe's answer could not be read. Try again later.",
            std::string(what)};
}

bool is_metered(const json::value& item) {
    return text_at(item, {"price", "recurring", "usage_type"}) == "metered";
}

bool is_wanted(const PlanChange& change, const std::optional<Ref>& price) {
    return price && std::ranges::find(change.metered_prices, *price) != change.metered_prices.end();
}

std::optional<Ref> price_now(const PlanChange& change, const json::value& subscription) {
    for (const json::value& item : list_at(subscription, {"items"})) {
        if (ref_at(item, {"id"}) == change.item) return ref_at(item, {"price"});
    }
    return std::nullopt;
}

// The plan's item as it shall be, in `subscription_details[items]` or `items`. Where its price is another one, so are
// those that charge usage: what the new plan has not goes, what it has comes.
void set_items(Form& form, const std::string& prefix, const PlanChange& change,
               const json::value& subscription) {
    form.set(prefix + "[0][id]", change.item.value)
        .set(prefix + "[0][price]", change.price.value)
        .set(prefix + "[0][quantity]", change.quantity);
    if (price_now(change, subscription) == change.price) return;
    std::size_t next = 1;
    const auto place = [&] { return prefix + "[" + std::to_string(next++) + "]"; };
    std::vector<Ref> there;
    for (const json::value& item : list_at(subscription, {"items"})) {
        const auto id = ref_at(item, {"id"}), price = ref_at(item, {"price"});
        if (!is_metered(item) || !id || id == change.item) continue;
        if (is_wanted(change, price)) {
            there.push_back(*price);
        } else {
            const std::string gone = place();
            form.set(gone + "[id]", id->value).set(gone + "[deleted]", true);
        }
    }
    for (const Ref& price : change.metered_prices) {
        if (std::ranges::find(there, price) == there.end())
            form.set(place() + "[price]", price.value);
    }
}

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

// A phase as it is, to be sent back: what is left out would be taken away.
void restate_phase(Form& form, const std::string& prefix, const json::value& phase) {
    const auto discounts = [&form](const std::string& name, const json::value& of) {
        const json::value* list = at_path(of, {"discounts"});
        if (list == nullptr || !list->is_array()) return;
        std::size_t i = 0;
        for (const json::value& each : list->get_array()) {
            const std::string one = name + "[discounts][" + std::to_string(i++) + "]";
            if (const auto discount = ref_at(each, {"discount"})) {
                form.set(one + "[discount]", discount->value);
            } else if (const auto code = ref_at(each, {"promotion_code"})) {
                form.set(one + "[promotion_code]", code->value);
            } else if (const auto coupon = ref_at(each, {"coupon"})) {
                form.set(one + "[coupon]", coupon->value);
            }
        }
    };
    const json::value* items = at_path(phase, {"items"});
    std::size_t i = 0;
    for (const json::value& item : items->get_array()) {
        const std::string one = prefix + "[items][" + std::to_string(i++) + "]";
        form.set(one + "[price]", ref_at(item, {"price"}).value_or(Ref{}).value)
            .set(one + "[quantity]", int_at(item, {"quantity"}));
        discounts(one, item);
    }
    discounts(prefix, phase);
}

}  // namespace

Task<Answer> StripeProvider::get_subscription(Ref subscription) {
    Answer answer = co_await client_.get(path_of(subscription));
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
    const auto state = read_subscription(*current, asking_moment());
    if (!state) co_return state.error();

    std::optional<InvoiceSnapshot> now;
    std::optional<Instant> proration_date;
    if (!at_period_end) {
        const Answer answer = co_await preview(preview_of(change, *current, "always_invoice"));
        if (!answer) co_return to_refusal(answer.error());
        auto read = read_invoice(*answer, asking_moment());
        if (!read) co_return read.error();
        proration_date = proration_date_of(*answer, *read);
        // In a trial nothing is charged before its end: what Stripe shows then is the invoice of that day.
        if (state->status != SubscriptionStatus::trialing) now = std::move(*read);
    }
    const Answer next = co_await preview(preview_of(change, *current, "none"));
    if (!next) co_return to_refusal(next.error());
    const auto renewal = read_invoice(*next, asking_moment());
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
    const auto invoice = read_invoice(*answer, asking_moment());
    if (!invoice) co_return invoice.error();
    auto at = invoice->next_payment_attempt ? invoice->next_payment_attempt : invoice->period_end;
    if (!at) co_return unreadable("an upcoming invoice without a date");
    co_return Renewal{invoice->amount_due, *at};
}

// What became of the invoice that a change waits for. `changed` has the state before it is paid.
Task<Result<PlanChanged>> StripeProvider::settle_payment(IntentId intent, PlanChanged changed,
                                                         Ref invoice, bool void_when_declined) {
    const Instant at = asking_moment();
    Form expanded;
    expanded.set("expand[0]", "payments.data.payment.payment_intent");
    const Answer answer = co_await client_.get(invoice_path(invoice), expanded);
    if (!answer) co_return to_refusal(answer.error());
    const json::value* payment = intent_of(*answer);
    const auto status = payment ? text_at(*payment, {"status"}).value_or("") : "";
    const bool may_be_paid_there = status == "requires_action" || !void_when_declined;
    if (may_be_paid_there || status == "processing") {
        auto of = normalise_object(ObjectKind::invoice, *answer, at);
        if (!of) co_return of.error();
        changed.state = status == "processing" ? PlanChanged::State::processing
                                               : PlanChanged::State::requires_action;
        changed.url = text_at(*answer, {"hosted_invoice_url"});
        changed.invoice = std::move(*of);
        co_return changed;
    }
    // Stripe: with its invoice the pending update is gone.
    const Answer voided =
        co_await client_.post(invoice_path(invoice) + "/void", {}, {intent.value + ":void"});
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
    const Instant at = asking_moment();
    const Answer answer = co_await client_.post(path_of(change.subscription), form, intent);
    if (!answer) co_return to_refusal(answer.error());
    auto subscription = normalise_object(ObjectKind::subscription, *answer, at);
    if (!subscription) co_return subscription.error();
    PlanChanged changed{.subscription = std::move(*subscription), .released = *released};

    const auto invoice = ref_at(*answer, {"latest_invoice"});
    if (at_path(*answer, {"pending_update"}) == nullptr || !invoice) co_return changed;
    changed.expires_at = instant_at(*answer, {"pending_update", "expires_at"});
    co_return co_await settle_payment(intent, std::move(changed), *invoice, true);
}

// The subscription's schedule: the one that it has, or a new one that changes nothing yet.
Task<Result<Ref>> StripeProvider::ensure_schedule(IntentId intent, Ref subscription) {
    const Answer current = co_await get_subscription(subscription);
    if (!current) co_return to_refusal(current.error());
    if (const auto schedule = ref_at(*current, {"schedule"})) co_return *schedule;

    Form form;
    form.set("from_subscription", subscription.value);
    const Answer made = co_await client_.post(std::string(schedules_path), form, intent);
    if (made) {
        const auto schedule = ref_at(*made, {"id"});
        if (!schedule) co_return unreadable("a subscription schedule without id");
        co_return *schedule;
    }
    // Two at once: the other one's schedule is there now, and Stripe refuses a second.
    const Answer again = co_await get_subscription(subscription);
    if (again) {
        if (const auto schedule = ref_at(*again, {"schedule"})) co_return *schedule;
    }
    co_return to_refusal(made.error());
}

Task<Result<Change>> StripeProvider::schedule_change(IntentId intent, PlanChange change) {
    const auto current = co_await get_subscription(change.subscription);
    if (!current) co_return to_refusal(current.error());
    const auto old_price = price_now(change, *current);
    std::vector<std::optional<Ref>> metered;
    for (const json::value& item : list_at(*current, {"items"})) {
        if (is_metered(item) && old_price != change.price)
            metered.push_back(ref_at(item, {"price"}));
    }
    const auto schedule =
        co_await ensure_schedule({intent.value + ":schedule"}, change.subscription);
    if (!schedule) co_return schedule.error();
    const Answer now = co_await client_.get(schedule_path(*schedule));
    if (!now) co_return to_refusal(now.error());

    const auto started = instant_at(*now, {"current_phase", "start_date"});
    const json::value* phases = at_path(*now, {"phases"});
    const json::value* phase = nullptr;
    if (phases != nullptr && phases->is_array()) {
        for (const json::value& each : phases->get_array()) {
            if (instant_at(each, {"start_date"}) == started) phase = &each;
        }
    }
    if (!started || phase == nullptr || at_path(*phase, {"items"}) == nullptr || !old_price) {
        co_return unreadable("a subscription schedule without a current phase");
    }
    const auto ends = instant_at(*phase, {"end_date"});
    if (!ends) co_return unreadable("a phase without an end");

    Form form;
    form.set("end_behavior", "release");
    restate_phase(form, "phases[0]", *phase);
    form.set("phases[0][start_date]", to_unix(*started)).set("phases[0][end_date]", to_unix(*ends));
    // The second phase is the first with the plan's item changed, and what charges its usage.
    json::value next = *phase;
    json::array items;
    for (json::value& item : next.at("items").as_array()) {
        const auto price = ref_at(item, {"price"});
        if (std::ranges::find(metered, price) != metered.end()) continue;
        if (price == old_price) {
            item.as_object()["price"] = change.price.value;
            item.as_object()["quantity"] = change.quantity;
        }
        items.push_back(item);
    }
    for (const Ref& price : change.metered_prices) {
        if (old_price == change.price) break;
        items.push_back({
            {"price", price.value}
        });
    }
    next.as_object()["items"] = std::move(items);
    restate_phase(form, "phases[1]", next);
    form.set("phases[1][proration_behavior]", "none")
        .set("phases[1][duration][interval]", change.interval)
        .set("phases[1][duration][interval_count]", 1);
    const Instant at = asking_moment();
    const Answer answer = co_await client_.post(schedule_path(*schedule), form, intent);
    if (!answer) co_return to_refusal(answer.error());
    co_return normalise_object(ObjectKind::subscription_schedule, *answer, at);
}

Task<Result<std::optional<Change>>> StripeProvider::release_schedule(IntentId intent,
                                                                     Ref subscription) {
    const Answer current = co_await get_subscription(subscription);
    if (!current) co_return to_refusal(current.error());
    co_return co_await release_schedule_of(std::move(intent), *current);
}

Task<Result<std::optional<Change>>> StripeProvider::release_schedule_of(IntentId intent,
                                                                        json::value subscription) {
    const auto schedule = ref_at(subscription, {"schedule"});
    if (!schedule) co_return std::optional<Change>{};

    const Instant at = asking_moment();
    const Answer answer = co_await client_.post(schedule_path(*schedule) + "/release", {}, intent);
    if (answer) {
        auto change = normalise_object(ObjectKind::subscription_schedule, *answer, at);
        if (!change) co_return change.error();
        co_return std::optional(std::move(*change));
    }
    // Refused when it has been released by another, or has ended, since: that is what was wanted.
    if (answer.error().http_status == 400) {
        auto now = co_await fetch(ObjectKind::subscription_schedule, *schedule);
        if (now && std::get<ScheduleSnapshot>(now->fact).status != "active") {
            co_return std::optional(std::move(*now));
        }
    }
    co_return to_refusal(answer.error());
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
    const Instant at = asking_moment();
    const Answer answer = co_await client_.post(path_of(subscription) + "/pause", form, intent);
    if (!answer) co_return to_refusal(answer.error());
    co_return normalise_object(ObjectKind::subscription, *answer, at);
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
    const Instant at = asking_moment();
    const Answer answer = co_await client_.post(path_of(subscription) + "/resume", form, intent);
    if (!answer) co_return to_refusal(answer.error());
    auto resumed = normalise_object(ObjectKind::subscription, *answer, at);
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
