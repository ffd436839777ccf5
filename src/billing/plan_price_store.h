#pragma once
// Which plan a provider's price belongs to. SQL, and the lookup in what it gave.

#include <optional>
#include <string>
#include <vector>

#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct PlanPrice {
    std::string plan_key, plan_name, plan_family;
    std::optional<std::string> billing_cycle = {}, currency = {}, provider_price_id = {},
                               lookup_key = {};
    std::optional<std::int64_t> unit_amount = {};
    bool is_active = true;
};

// The plans of the catalogue with all the prices they ever had at one provider.
class PlanPrices {
public:
    explicit PlanPrices(std::vector<PlanPrice> prices = {}) : prices_(std::move(prices)) {}

    // The plan that the subscription pays for: by the price of an item, else by an item's lookup_key,
    // else by the plan_key in its metadata if there is such a plan (then without price and cycle).
    // Nothing: no plan of ours, no access (law 7).
    std::optional<PlanPrice> plan_of(const provider::SubscriptionSnapshot& subscription) const;

private:
    std::vector<PlanPrice> prices_;
};

namespace plan_price_store {
Task<PlanPrices> load(db::Tx& tx, provider::Name provider);
}

}  // namespace paydesk::billing
