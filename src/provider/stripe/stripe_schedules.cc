// Changes of a running subscription at its period's end: what Stripe calls a subscription schedule.

#include <algorithm>

#include "provider/stripe/changed_items.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/reading.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view schedules_path = "/v1/subscription_schedules";

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
    const Answer now = co_await client_.get(path_of(schedules_path, *schedule));
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
    if (change.promotion_code) {
        next.as_object()["discounts"] =
            json::array{{{"promotion_code", change.promotion_code->promotion_code.value}}};
    }
    restate_phase(form, "phases[1]", next);
    form.set("phases[1][proration_behavior]", "none")
        .set("phases[1][duration][interval]", change.interval)
        .set("phases[1][duration][interval_count]", 1);
    const Instant asked = clock_.now();
    const Answer answer = co_await client_.post(path_of(schedules_path, *schedule), form, intent);
    if (!answer) co_return to_refusal(answer.error());
    co_return normalise_object(ObjectKind::subscription_schedule, *answer,
                               client_.remote_clock().there(asked));
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

    const Instant asked = clock_.now();
    const Answer answer =
        co_await client_.post(path_of(schedules_path, *schedule) + "/release", {}, intent);
    if (answer) {
        auto change = normalise_object(ObjectKind::subscription_schedule, *answer,
                                       client_.remote_clock().there(asked));
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

}  // namespace paydesk::provider::stripe
