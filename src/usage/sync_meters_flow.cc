#include "usage/sync_meters_flow.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "catalog/metered_price.h"
#include "catalog/usage_price_store.h"
#include "usage/report_store.h"

namespace paydesk::usage {
namespace {

namespace usage_price_store = catalog::usage_price_store;

struct Wanted {
    provider::NewMeter meter;
    std::string metric;
    std::vector<provider::NewUsagePrice> prices = {};
    std::vector<usage_price_store::Row> rows = {};  // of the prices; without ids yet
};

void add_prices(Wanted& wanted, const catalog::Plan& plan, const catalog::UsagePrice& price) {
    const auto tiers = catalog::metered_tiers(price);
    PD_ASSERT(tiers.has_value());  // plans_file.h refuses what meters cannot do
    for (const catalog::PlanPrice& each : plan.prices) {
        const auto interval = catalog::interval_of(each.cycle);
        if (!interval) continue;
        const std::string key = usage_lookup_key(each, wanted.metric);
        wanted.prices.push_back({.lookup_key = key,
                                 .currency = each.amount.currency(),
                                 .interval = *interval,
                                 .is_volume = tiers->is_volume,
                                 .tiers = tiers->tiers});
        wanted.rows.push_back({
            .plan_key = plan.key,
            .metric = wanted.metric,
            .billing_cycle = std::string(to_string(each.cycle)),
            .currency = each.amount.currency(),
            .price = {.lookup_key = key, .product = {}, .price = {}}
        });
    }
}

std::vector<Wanted> wanted_of(const catalog::Catalogue& catalogue, bool has_meters) {
    std::vector<Wanted> list;
    for (const catalog::Meter& meter : catalogue.meters) {
        if (meter.charge != catalog::UsageCharge::meter) continue;
        Wanted wanted{
            .meter = {.event_name = meter_event_name(meter.key),
                      .name = meter.name,
                      .counts_last = meter.aggregation == catalog::Aggregation::last},
            .metric = meter.key
        };
        for (const catalog::Plan& plan : catalogue.plans) {
            const auto price = plan.usage.find(meter.key);
            if (has_meters && price != plan.usage.end() && price->second.costs())
                add_prices(wanted, plan, price->second);
        }
        list.push_back(std::move(wanted));
    }
    return list;
}

Error named(Error error, const std::string& metric) {
    error.message = fmt::format("meter {}: {}", metric, error.message);
    return error;
}

}  // namespace

std::string meter_event_name(std::string_view metric) { return "paydesk_" + std::string(metric); }

std::string usage_lookup_key(const catalog::PlanPrice& price, std::string_view metric) {
    return fmt::format("{}.{}", price.lookup_key, metric);
}

Task<Result<void>> compare_meters(db::Database& db, provider::Metering& metering,
                                  catalog::Catalogue catalogue, catalog::SyncPlan& plan_of_sync) {
    const auto known = co_await report_store::meters(db);
    auto gone = co_await usage_price_store::active(db, metering.name());
    for (const Wanted& wanted : wanted_of(catalogue, metering.has_meters())) {
        auto difference = co_await metering.compare_meter(wanted.meter, wanted.prices);
        if (!difference) co_return named(difference.error(), wanted.metric);
        bool is_known = known.contains(wanted.metric);
        for (const auto& price : wanted.prices)
            is_known = gone.erase(price.lookup_key) > 0 && is_known;
        if (!is_known && difference->changes.empty())
            plan_of_sync.here.push_back(
                fmt::format("charge {} by the meter that is there", wanted.metric));
        for (auto& change : difference->changes)
            plan_of_sync.at_provider.push_back(std::move(change));
    }
    for (const std::string& lookup_key : gone)
        plan_of_sync.here.push_back(
            fmt::format("no longer charge usage by {}; who subscribes to it keeps it", lookup_key));
    co_return Result<void>{};
}

Task<Result<std::size_t>> sync_meters(db::Database& db, provider::Metering& metering,
                                      catalog::Catalogue catalogue) {
    std::vector<usage_price_store::Row> rows;
    auto list = wanted_of(catalogue, metering.has_meters());
    for (Wanted& wanted : list) {
        const auto made = co_await metering.sync_meter(wanted.meter, wanted.prices);
        if (!made) co_return named(made.error(), wanted.metric);
        co_await report_store::keep_meter(db, wanted.metric, wanted.meter.event_name, made->meter);
        for (std::size_t i = 0; i < made->prices.size(); ++i) {
            wanted.rows.at(i).price = made->prices[i];
            rows.push_back(std::move(wanted.rows.at(i)));
        }
    }
    co_await db.transaction(
        [&](db::Tx& tx) -> Task<> { co_await usage_price_store::save(tx, metering.name(), rows); });
    co_return list.size();
}

}  // namespace paydesk::usage
