#include "catalog/sync_plans_flow.h"

#include <fmt/format.h>

#include <set>

namespace paydesk::catalog {
namespace {

Result<void> check_fixed(const Catalogue& catalogue,
                         const std::map<std::string, std::string>& fixed) {
    std::set<std::string> known, used;
    for (const Plan& plan : catalogue.plans) {
        for (const PlanPrice& price : plan.prices) known.insert(price.lookup_key);
    }
    for (const auto& [lookup_key, price] : fixed) {
        if (!known.contains(lookup_key)) {
            return Error{
                ErrorCode::invalid_input,
                fmt::format(
                    "the environment has a price id for {}, but plans.toml has no such price; "
                    "unset the variable or add the price",
                    lookup_key)};
        }
        if (!used.insert(price).second) {
            return Error{ErrorCode::invalid_input,
                         fmt::format("the environment names {} for two different prices", price)};
        }
    }
    return {};
}

// What the provider must make of one plan; the prices that the environment fixes are left out.
std::vector<provider::CatalogPrice> prices_to_make(
    const Plan& plan, const std::map<std::string, std::string>& fixed) {
    std::vector<provider::CatalogPrice> prices;
    for (const PlanPrice& price : plan.prices) {
        if (fixed.contains(price.lookup_key)) continue;
        prices.push_back({price.lookup_key, price.amount, interval_of(price.cycle)});
    }
    return prices;
}

const PlanPrice* find_price(const Plan& plan, const std::string& lookup_key) {
    for (const PlanPrice& price : plan.prices) {
        if (price.lookup_key == lookup_key) return &price;
    }
    return nullptr;
}

}  // namespace

Task<Result<SyncReport>> sync_plans(db::Database& db, provider::Provider& provider,
                                    Catalogue catalogue, std::map<std::string, std::string> fixed) {
    if (const auto checked = check_fixed(catalogue, fixed); !checked) co_return checked.error();

    SyncReport report;
    std::vector<plan_store::PriceRow> rows;
    for (const Plan& plan : catalogue.plans) {
        (plan.kind == PlanKind::plan ? report.plans : report.top_ups) += 1;
        for (const PlanPrice& price : plan.prices) {
            const auto found = fixed.find(price.lookup_key);
            if (found == fixed.end()) continue;
            rows.push_back({plan.key, price, {}, {found->second}});
            report.fixed_prices += 1;
        }

        auto wanted = prices_to_make(plan, fixed);
        if (wanted.empty()) continue;
        const auto made = co_await provider.sync_product({plan.key, plan.name, plan.description},
                                                         std::move(wanted));
        if (!made) {
            Error error = made.error();
            error.message = fmt::format("plan {}: {}", plan.key, error.message);
            co_return error;
        }
        for (const provider::SyncedPrice& price : *made) {
            const PlanPrice* wish = find_price(plan, price.lookup_key);
            if (wish != nullptr) rows.push_back({plan.key, *wish, price.product, price.price});
        }
    }
    report.prices = rows.size();

    co_await db.transaction([&](db::Tx& tx) -> Task<> {
        co_await plan_store::save(tx, provider.name(), catalogue, rows);
    });
    co_return report;
}

}  // namespace paydesk::catalog
