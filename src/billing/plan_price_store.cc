#include "billing/plan_price_store.h"

#include <algorithm>

namespace paydesk::billing {

namespace {

const db::Statement load_plan_prices{
    "billing_load_plan_prices",
    R"(select p.plan_key, p.name, p.plan_family, pp.billing_cycle, pp.currency, pp.unit_amount,
              pp.provider_price_id, pp.lookup_key, coalesce(pp.is_active, false) as is_active
       from paydesk.plans p
       left join paydesk.plan_prices pp on pp.plan_key = p.plan_key and pp.provider = $1
       where p.kind = 'plan'
       order by pp.is_active desc nulls last, p.plan_key, pp.billing_cycle, pp.currency)"};

}  // namespace

std::optional<PlanPrice> PlanPrices::plan_of(
    const provider::SubscriptionSnapshot& subscription) const {
    for (const auto& item : subscription.items) {
        const auto found = std::ranges::find(prices_, std::optional(item.price.value),
                                             &PlanPrice::provider_price_id);
        if (found != prices_.end()) return *found;
    }
    for (const auto& item : subscription.items) {
        if (!item.lookup_key) continue;
        const auto found = std::ranges::find(prices_, item.lookup_key, &PlanPrice::lookup_key);
        if (found != prices_.end()) return *found;
    }
    if (subscription.plan_key) {
        const auto found = std::ranges::find(prices_, *subscription.plan_key, &PlanPrice::plan_key);
        if (found != prices_.end()) {
            return PlanPrice{.plan_key = found->plan_key,
                             .plan_name = found->plan_name,
                             .plan_family = found->plan_family};
        }
    }
    return std::nullopt;
}

namespace plan_price_store {

Task<PlanPrices> load(db::Tx& tx, provider::Name provider) {
    const auto rows = co_await tx.run(load_plan_prices, {db::param(provider::to_string(provider))});
    std::vector<PlanPrice> prices;
    prices.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        PlanPrice price{.plan_key = std::string(rows.text(i, "plan_key")),
                        .plan_name = std::string(rows.text(i, "name")),
                        .plan_family = std::string(rows.text(i, "plan_family")),
                        .billing_cycle = rows.optional_text(i, "billing_cycle"),
                        .currency = rows.optional_text(i, "currency"),
                        .provider_price_id = rows.optional_text(i, "provider_price_id"),
                        .lookup_key = rows.optional_text(i, "lookup_key"),
                        .is_active = rows.boolean(i, "is_active")};
        if (!rows.is_null(i, "unit_amount")) price.unit_amount = rows.integer(i, "unit_amount");
        prices.push_back(std::move(price));
    }
    co_return PlanPrices(std::move(prices));
}

}  // namespace plan_price_store

}  // namespace paydesk::billing
