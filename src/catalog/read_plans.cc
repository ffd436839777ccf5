#include "catalog/read_plans.h"

#include "catalog/read_usage_prices.h"

namespace paydesk::catalog {
namespace {

constexpr std::int64_t credits_max = 1'000'000'000'000;

void read_features(TomlReader& reader, Plan& plan, const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr || array->size() > entries_max) {
        return reader.wrong(&node, "{}: features must be a list of at most {} texts", plan.key,
                            entries_max);
    }
    for (const toml::node& element : *array) {
        const auto value = element.value_exact<std::string>();
        if (value && !value->empty() && value->size() <= text_bytes_max) {
            plan.features.push_back(*value);
        } else {
            reader.wrong(&element, "{}: every feature must be text of 1 to {} bytes", plan.key,
                         text_bytes_max);
        }
    }
}

void read_common(TomlReader& reader, Plan& plan, const toml::table& table) {
    plan.name = reader.text(table, "name", plan.key, true, name_bytes_max).value_or("");
    plan.description = reader.text(table, "description", plan.key, false).value_or("");
    plan.credits = reader.whole(table, "credits", plan.key, 0, credits_max);
    if (const toml::node* node = table.get("features")) read_features(reader, plan, *node);
}

void read_limits(TomlReader& reader, Plan& plan, const toml::node& node,
                 const std::vector<Meter>& meters) {
    const toml::table* table = node.as_table();
    if (table == nullptr || table->size() > entries_max) {
        return reader.wrong(&node, "{}: limits must be a table such as {{ api_calls = 1000 }}",
                            plan.key);
    }
    for (const auto& [metric, limit] : *table) {
        const auto value = limit.value_exact<std::int64_t>();
        if (!is_key(metric.str()) || !value || *value < -1) {
            reader.wrong(&limit, "{}: limit {} must be a whole number, or -1 for unlimited",
                         plan.key, metric.str());
        } else if (!meters.empty() && !has_meter(meters, metric.str())) {
            reader.wrong(&limit, "{}: limit {}: no [[meter]] has this key; add one or correct it",
                         plan.key, metric.str());
        } else {
            plan.limits.emplace(metric.str(), *value);
        }
    }
}

void read_prices(TomlReader& reader, Plan& plan, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr || table->empty()) {
        return reader.wrong(
            &node,
            "{}: prices must be a table such as {{ monthly = \"49.00\" }}; leave it "
            "out for a free plan",
            plan.key);
    }
    reader.only(*table, {"monthly", "yearly"}, plan.key + ": prices");
    for (const auto cycle : {BillingCycle::monthly, BillingCycle::yearly}) {
        const std::string name{to_string(cycle)};
        const toml::node* price = table->get(name);
        if (price == nullptr) continue;
        if (const auto money = reader.amount(*price, plan.key + ": prices." + name)) {
            plan.prices.push_back({plan.key + "_" + name, cycle, *money});
        }
    }
}

Plan empty_plan(const TomlReader& reader, std::string plan_key, PlanKind kind) {
    return {.key = std::move(plan_key),
            .kind = kind,
            .family = kind == PlanKind::plan ? "main" : std::string(to_string(kind)),
            .tier = {},
            .rank = 0,
            .name = {},
            .description = {},
            .features = {},
            .limits = {},
            .usage = {},
            .credits = 0,
            .trial_days = {},
            .currency = reader.currency(),
            .prices = {}};
}

}  // namespace

void read_plan(TomlReader& reader, const toml::table& table, Catalogue& catalogue) {
    const auto plan_key = reader.key(table, "plan");
    if (!plan_key) return;
    reader.only(table,
                {"key", "family", "tier", "rank", "name", "description", "features", "limits",
                 "credits", "trial_days", "prices", "usage"},
                *plan_key);
    Plan plan = empty_plan(reader, *plan_key, PlanKind::plan);
    read_common(reader, plan, table);
    plan.rank = reader.whole(table, "rank", plan.key, 0, 1'000);
    plan.tier = reader.word(table, "tier", plan.key, plan.key);
    plan.family = reader.word(table, "family", plan.key, plan.family);
    if (table.contains("trial_days")) {
        plan.trial_days = static_cast<int>(reader.whole(table, "trial_days", plan.key, 1, 730));
    }
    if (const toml::node* node = table.get("limits"))
        read_limits(reader, plan, *node, catalogue.meters);
    if (const toml::node* node = table.get("usage"))
        read_usage(reader, plan, *node, catalogue.meters);
    if (const toml::node* node = table.get("prices")) {
        read_prices(reader, plan, *node);
    } else if (plan.trial_days) {
        reader.wrong(table.get("trial_days"), "{}: a free plan has no trial", plan.key);
    }
    catalogue.plans.push_back(std::move(plan));
}

void read_bought_once(TomlReader& reader, const toml::table& table, PlanKind kind,
                      Catalogue& catalogue) {
    const auto plan_key = reader.key(table, to_string(kind));
    if (!plan_key) return;
    Plan plan = empty_plan(reader, *plan_key, kind);
    if (kind == PlanKind::top_up) {
        reader.only(table, {"key", "name", "description", "features", "credits", "price"},
                    *plan_key);
    } else {
        reader.only(table, {"key", "name", "description", "features", "price"}, *plan_key);
    }
    read_common(reader, plan, table);
    if (kind == PlanKind::top_up && plan.credits == 0) {
        reader.wrong(&table, "{}: credits is missing: what does the top-up give?", plan.key);
    }
    if (const toml::node* node = table.get("price")) {
        if (const auto money = reader.amount(*node, plan.key + ": price")) {
            plan.prices.push_back({plan.key, BillingCycle::one_time, *money});
        }
    } else {
        reader.wrong(&table, "{}: price is missing", plan.key);
    }
    catalogue.plans.push_back(std::move(plan));
}

}  // namespace paydesk::catalog
