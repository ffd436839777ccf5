#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

std::optional<Instant> either(std::optional<Instant> first, std::optional<Instant> second) {
    return first ? first : second;
}

// Nothing for an item without an id or a price: it can't be told from others.
std::optional<SubscriptionItem> read_item(const json::value& item,
                                          const json::value& subscription) {
    const auto id = ref_at(item, {"id"});
    auto price = ref_at(item, {"price"});
    if (!price) price = ref_at(item, {"plan"});
    if (!id || !price) return std::nullopt;

    auto product = ref_at(item, {"price", "product"});
    if (!product) product = ref_at(item, {"plan", "product"});
    return SubscriptionItem{
        .item = *id,
        .price = *price,
        .product = product,
        .lookup_key = text_at(item, {"price", "lookup_key"}),
        .quantity = int_at(item, {"quantity"}),
        // Since basil each item has its own period; before, the subscription had one for all.
        .period_start = either(instant_at(item, {"current_period_start"}),
                               instant_at(subscription, {"current_period_start"})),
        .period_end = either(instant_at(item, {"current_period_end"}),
                             instant_at(subscription, {"current_period_end"})),
    };
}

void widen_period(SubscriptionSnapshot& subscription, const SubscriptionItem& item) {
    auto& start = subscription.period_start;
    auto& end = subscription.period_end;
    if (item.period_start && (!start || *item.period_start < *start)) start = item.period_start;
    if (item.period_end && (!end || *item.period_end > *end)) end = item.period_end;
}

}  // namespace

Result<SubscriptionSnapshot> read_subscription(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    const auto customer = ref_at(object, {"customer"});
    if (!id || !customer) return unusable(object, "has no id or no customer");
    const auto status_text = text_at(object, {"status"}).value_or("");
    const auto status = parse_subscription_status(status_text);
    if (!status) return unusable(object, "has an unknown status '" + status_text + "'");

    // All versions have it; without it we would take every item, and so the plan, for gone.
    const json::value* items = at_path(object, {"items", "data"});
    if (items == nullptr || !items->is_array()) return unusable(object, "has no list of items");

    SubscriptionSnapshot subscription{};
    subscription.subscription = *id;
    subscription.customer = *customer;
    subscription.status = *status;
    for (const json::value& element : list_at(object, {"items"})) {
        if (bool_at(element, {"deleted"}).value_or(false)) continue;
        const auto item = read_item(element, object);
        if (!item) return unusable(object, "has an item without id or price");
        widen_period(subscription, *item);
        subscription.items.push_back(*item);
    }
    if (!subscription.period_end) {
        subscription.period_start = instant_at(object, {"current_period_start"});
        subscription.period_end = instant_at(object, {"current_period_end"});
    }

    subscription.account = account_at(object, {"metadata"});
    subscription.plan_key = text_at(object, {"metadata", "plan_key"});
    subscription.cancel_at_period_end = bool_at(object, {"cancel_at_period_end"}).value_or(false);
    subscription.cancel_at = instant_at(object, {"cancel_at"});
    subscription.canceled_at = instant_at(object, {"canceled_at"});
    subscription.ended_at = instant_at(object, {"ended_at"});
    subscription.trial_start = instant_at(object, {"trial_start"});
    subscription.trial_end = instant_at(object, {"trial_end"});
    subscription.cancel_reason = text_at(object, {"cancellation_details", "reason"});
    subscription.cancel_feedback = text_at(object, {"cancellation_details", "feedback"});
    subscription.cancel_comment = text_at(object, {"cancellation_details", "comment"});
    subscription.schedule = ref_at(object, {"schedule"});
    subscription.default_payment_method = ref_at(object, {"default_payment_method"});
    subscription.latest_invoice = ref_at(object, {"latest_invoice"});
    subscription.collection_paused = at_path(object, {"pause_collection"}) != nullptr;
    subscription.created_at = instant_at(object, {"created"}).value_or(at);
    return subscription;
}

}  // namespace paydesk::provider::stripe
