#include "usage/metrics.h"

#include <array>

#include "base/assert.h"
#include "base/json.h"

namespace paydesk::usage {
namespace {

constexpr db::Statement load_metrics{"usage_metrics", R"(
    select metric, name, unit, aggregation, charge from paydesk.meters where is_active)"};

constexpr db::Statement load_plans{"usage_plans", R"(
    select plan_key, name, limits, usage,
           plan_key = (select f.plan_key from paydesk.plans f
                       where f.kind = 'plan' and f.plan_family = 'main' and f.is_active and not f.purchasable
                       order by f.rank, f.sort_order, f.plan_key limit 1) as is_free
    from paydesk.plans where kind = 'plan')"};

// plans.toml has one currency.
constexpr db::Statement load_currency{"usage_currency", R"(
    select currency from paydesk.plan_prices where is_active order by plan_key, currency limit 1)"};

template <class Enum>
Enum named(std::string_view name, std::initializer_list<Enum> all) {
    for (const Enum value : all) {
        if (to_string(value) == name) return value;
    }
    PD_ASSERT(false);  // meters_aggregation, meters_charge
}

Metric read_metric(const db::Rows& rows, std::size_t row) {
    using catalog::Aggregation;
    using catalog::UsageCharge;
    return {.key = std::string(rows.text(row, "metric")),
            .name = std::string(rows.text(row, "name")),
            .unit = std::string(rows.text(row, "unit")),
            .aggregation = named(rows.text(row, "aggregation"),
                                 {Aggregation::sum, Aggregation::count, Aggregation::max,
                                  Aggregation::last, Aggregation::unique}),
            .charge = named(rows.text(row, "charge"),
                            {UsageCharge::none, UsageCharge::meter, UsageCharge::invoice_item})};
}

UsagePlan read_plan(const db::Rows& rows, std::size_t row) {
    UsagePlan plan{.key = std::string(rows.text(row, "plan_key")),
                   .name = std::string(rows.text(row, "name")),
                   .is_free = !rows.is_null(row, "is_free") && rows.boolean(row, "is_free"),
                   .limits = {},
                   .prices = {}};
    const auto limits = parse_json(rows.text(row, "limits")),
               prices = parse_json(rows.text(row, "usage"));
    PD_ASSERT(limits && prices);  // of jsonb columns
    for (const auto& [metric, limit] : limits->as_object()) {
        if (const auto number = int_at(limit, {})) plan.limits.emplace(metric, *number);
    }
    for (const auto& [metric, price] : prices->as_object()) {
        if (auto read = catalog::usage_price_from_json(price))
            plan.prices.emplace(metric, std::move(*read));
    }
    return plan;
}

}  // namespace

const Metric* Metrics::find(std::string_view metric) const {
    const auto found = metrics.find(metric);
    return found == metrics.end() ? nullptr : &found->second;
}

const UsagePlan* Metrics::plan(const std::optional<std::string>& key) const {
    if (key) {
        if (const auto found = plans.find(*key); found != plans.end()) return &found->second;
    }
    for (const auto& [name, plan] : plans) {
        if (plan.is_free) return &plan;
    }
    return nullptr;
}

Task<std::shared_ptr<const Metrics>> MetricsCache::current() {
    if (metrics_ && clock_.now() - metrics_->loaded_at < metrics_age_max) co_return metrics_;
    co_return co_await fresh();
}

Task<std::shared_ptr<const Metrics>> MetricsCache::fresh() {
    auto loaded = std::make_shared<Metrics>();
    loaded->loaded_at = clock_.now();
    const db::Rows metrics = co_await db_.run(load_metrics);
    for (std::size_t row = 0; row < metrics.size(); ++row) {
        Metric metric = read_metric(metrics, row);
        if (metric.charge == catalog::UsageCharge::meter) loaded->reported.push_back(metric.key);
        if (metric.aggregation == catalog::Aggregation::last) loaded->last.push_back(metric.key);
        loaded->metrics.emplace(metric.key, std::move(metric));
    }
    const db::Rows plans = co_await db_.run(load_plans);
    for (std::size_t row = 0; row < plans.size(); ++row) {
        UsagePlan plan = read_plan(plans, row);
        loaded->plans.emplace(plan.key, std::move(plan));
    }
    const db::Rows currency = co_await db_.run(load_currency);
    if (!currency.empty()) {
        if (const auto parsed = Currency::parse(currency.text(0, "currency")))
            loaded->currency = *parsed;
    }
    metrics_ = loaded;
    co_return metrics_;
}

}  // namespace paydesk::usage
