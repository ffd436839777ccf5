#include "provider/stripe/changed_items.h"

#include <algorithm>

#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {
namespace {

bool is_wanted(const PlanChange& change, const std::optional<Ref>& price) {
    return price && std::ranges::find(change.metered_prices, *price) != change.metered_prices.end();
}

}  // namespace

bool is_metered(const json::value& item) {
    return text_at(item, {"price", "recurring", "usage_type"}) == "metered";
}

std::optional<Ref> price_now(const PlanChange& change, const json::value& subscription) {
    for (const json::value& item : list_at(subscription, {"items"})) {
        if (ref_at(item, {"id"}) == change.item) return ref_at(item, {"price"});
    }
    return std::nullopt;
}

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

}  // namespace paydesk::provider::stripe
