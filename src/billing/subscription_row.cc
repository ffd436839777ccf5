#include "billing/subscription_row.h"

#include <algorithm>

namespace paydesk::billing {

namespace {

std::optional<std::string> text(const std::optional<provider::Ref>& ref) {
    if (!ref) return std::nullopt;
    return ref->value;
}

// A provider has been seen to send an end before its start (facts: first invoices); the row refuses it.
std::optional<Instant> not_before(std::optional<Instant> end, const std::optional<Instant>& start) {
    if (end && start && *end < *start) return start;
    return end;
}

// Beside it there may be others, in any order: those that charge usage have no quantity.
const provider::SubscriptionItem* item_of_plan(const provider::SubscriptionSnapshot& snapshot,
                                               const PlanPrices& prices) {
    const auto plan = prices.plan_of(snapshot);
    const provider::SubscriptionItem* best = nullptr;
    int best_rank = 0;
    for (const auto& item : snapshot.items) {
        const bool is_plans = plan && (plan->provider_price_id == item.price.value ||
                                       (plan->lookup_key && plan->lookup_key == item.lookup_key));
        const int rank = is_plans ? 3 : item.quantity ? 2 : 1;
        if (rank > best_rank) {
            best = &item;
            best_rank = rank;
        }
    }
    return best;
}

}  // namespace

SubscriptionRow::Content content_of(const provider::SubscriptionSnapshot& snapshot, bool livemode,
                                    const PlanPrices& prices) {
    SubscriptionRow::Content content;
    if (const auto plan = prices.plan_of(snapshot)) {
        content.plan_key = plan->plan_key;
        content.plan_name = plan->plan_name;
        content.plan_family = plan->plan_family;
        content.billing_cycle = plan->billing_cycle;
        content.currency = plan->currency;
        content.unit_amount = plan->unit_amount;
    }
    content.status = snapshot.status;
    if (const auto* item = item_of_plan(snapshot, prices)) {
        content.price_id = item->price.value;
        content.quantity = std::max<std::int64_t>(item->quantity.value_or(1), 0);
    }
    content.period_start = snapshot.period_start;
    content.period_end = not_before(snapshot.period_end, snapshot.period_start);
    content.cancel_at_period_end = snapshot.cancel_at_period_end;
    content.cancel_at = snapshot.cancel_at;
    content.canceled_at = snapshot.canceled_at;
    content.ended_at = snapshot.ended_at;
    content.trial_start = snapshot.trial_start;
    content.trial_end = not_before(snapshot.trial_end, snapshot.trial_start);
    content.cancel_reason = snapshot.cancel_reason;
    content.cancel_feedback = snapshot.cancel_feedback;
    content.cancel_comment = snapshot.cancel_comment;
    content.default_payment_method = text(snapshot.default_payment_method);
    content.latest_invoice = text(snapshot.latest_invoice);
    content.collection_paused = snapshot.collection_paused;
    content.livemode = livemode;
    content.provider_created_at = snapshot.created_at;
    for (const auto& item : snapshot.items) {
        content.items.push_back({.item = item.item.value,
                                 .price = item.price.value,
                                 .product = text(item.product),
                                 .lookup_key = item.lookup_key,
                                 .quantity = item.quantity,
                                 .period_start = item.period_start,
                                 .period_end = not_before(item.period_end, item.period_start)});
    }
    std::ranges::sort(content.items, {}, &SubscriptionItemRow::item);
    const auto twice = std::ranges::unique(content.items, {}, &SubscriptionItemRow::item);
    content.items.erase(twice.begin(), twice.end());
    return content;
}

void subscription_rows::ItemChanges::note(const AccountId& account, const std::string& id,
                                          const std::vector<SubscriptionItemRow>& before,
                                          const std::vector<SubscriptionItemRow>& after) {
    if (before == after) return;
    written.insert(id);
    for (const auto& item : before) {
        const auto same = std::ranges::find(after, item.item, &SubscriptionItemRow::item);
        if (same == after.end()) gone.push_back({account, id, item.item});
    }
}

std::partial_ordering state_order(const SubscriptionRow::Content& incoming,
                                  const SubscriptionRow::Content& row) {
    using enum provider::SubscriptionStatus;
    if (incoming.status == row.status) return std::partial_ordering::equivalent;
    if (incoming.status == incomplete) return std::partial_ordering::less;
    if (row.status == incomplete) return std::partial_ordering::greater;
    return std::partial_ordering::unordered;
}

}  // namespace paydesk::billing
