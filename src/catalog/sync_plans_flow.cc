#include "catalog/sync_plans_flow.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace paydesk::catalog {
namespace {

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

std::size_t& counted(SyncReport& report, PlanKind kind) {
    switch (kind) {
        case PlanKind::plan:
            return report.plans;
        case PlanKind::top_up:
            return report.top_ups;
        case PlanKind::product:
            return report.products;
    }
    PD_ASSERT(false);
}

// "name, limits" of what differs.
std::string what_differs(const Plan& plan, const plan_store::StoredPlan& stored) {
    std::vector<std::string_view> fields;
    const auto compare = [&fields](std::string_view field, const auto& a, const auto& b) {
        if (a != b) fields.push_back(field);
    };
    compare("kind", std::string(to_string(plan.kind)), stored.kind);
    compare("family", plan.family, stored.family);
    compare("name", plan.name, stored.name);
    compare("description", plan.description, stored.description);
    compare("tier", plan.tier, stored.tier);
    compare("rank", plan.rank, stored.rank);
    compare("features", plan.features, stored.features);
    compare("limits", plan.limits, stored.limits);
    compare("usage", plan.usage, stored.usage);
    compare("credits", plan.credits, stored.credits);
    compare("trial_days", std::int64_t{plan.trial_days.value_or(0)}, stored.trial_days);
    return fmt::format("{}", fmt::join(fields, ", "));
}

const plan_store::StoredPrice* find_stored(const plan_store::Stored& stored, const Plan& plan,
                                           const PlanPrice& price) {
    for (const auto& one : stored.prices) {
        if (one.plan_key == plan.key && one.billing_cycle == to_string(price.cycle) &&
            one.amount.currency() == price.amount.currency())
            return &one;
    }
    return nullptr;
}

void compare_with_stored(const Plan& plan, const plan_store::Stored& stored,
                         const std::map<std::string, std::string>& fixed,
                         std::vector<std::string>& changes) {
    const auto there = stored.plans.find(plan.key);
    if (there == stored.plans.end()) {
        changes.push_back(
            fmt::format("offer {} {} \"{}\"", to_string(plan.kind), plan.key, plan.name));
    } else if (const auto fields = what_differs(plan, there->second); !fields.empty()) {
        changes.push_back(fmt::format("change {} of {}", fields, plan.key));
    }
    for (const PlanPrice& price : plan.prices) {
        const auto* was = find_stored(stored, plan, price);
        const auto id = fixed.find(price.lookup_key);
        if (was == nullptr) {
            changes.push_back(
                fmt::format("offer price {} {}", price.lookup_key, price.amount.format()));
        } else if (was->amount != price.amount) {
            changes.push_back(fmt::format(
                "sell {} for {} instead of {}; who subscribes to {} keeps it", price.lookup_key,
                price.amount.format(), was->amount.format(), was->price.value));
        } else if (id != fixed.end() && id->second != was->price.value) {
            changes.push_back(fmt::format("sell {} by {} of the environment instead of {}",
                                          price.lookup_key, id->second, was->price.value));
        }
    }
}

void compare_meters(const Catalogue& catalogue, const plan_store::Stored& stored,
                    std::vector<std::string>& changes) {
    for (const Meter& meter : catalogue.meters) {
        const auto there = stored.meters.find(meter.key);
        if (there == stored.meters.end()) {
            changes.push_back(fmt::format("count {}", meter.key));
        } else if (there->second != plan_store::describe(meter)) {
            changes.push_back(fmt::format("change what is said of meter {}", meter.key));
        }
    }
    for (const auto& [metric, said] : stored.meters) {
        if (std::ranges::find(catalogue.meters, metric, &Meter::key) == catalogue.meters.end())
            changes.push_back(fmt::format("no longer count {}", metric));
    }
}

// What the file no longer has.
void compare_gone(const Catalogue& catalogue, const plan_store::Stored& stored,
                  std::vector<std::string>& changes) {
    for (const auto& [key, plan] : stored.plans) {
        if (std::ranges::find(catalogue.plans, key, &Plan::key) == catalogue.plans.end()) {
            changes.push_back(fmt::format("no longer offer {}; who has it keeps it", key));
        }
    }
    for (const auto& price : stored.prices) {
        const auto plan = std::ranges::find(catalogue.plans, price.plan_key, &Plan::key);
        if (plan == catalogue.plans.end()) continue;
        const bool is_there = std::ranges::any_of(plan->prices, [&](const PlanPrice& one) {
            return to_string(one.cycle) == price.billing_cycle &&
                   one.amount.currency() == price.amount.currency();
        });
        if (!is_there) {
            changes.push_back(fmt::format("no longer sell {} {} ({})", price.plan_key,
                                          price.billing_cycle, price.price.value));
        }
    }
}

}  // namespace

Result<void> check_price_ids(const Catalogue& catalogue,
                             const std::map<std::string, std::string>& fixed) {
    std::set<std::string> known;
    for (const Plan& plan : catalogue.plans) {
        for (const PlanPrice& price : plan.prices) known.insert(price.lookup_key);
    }
    std::vector<std::string> problems;
    std::map<std::string, std::string> used;  // price id -> lookup_key
    for (const auto& [lookup_key, price] : fixed) {
        if (!known.contains(lookup_key)) {
            problems.push_back(
                fmt::format("the environment has a price id for {}, but plans.toml has no such "
                            "price; unset the variable or add the price",
                            lookup_key));
        }
        if (const auto [other, is_new] = used.emplace(price, lookup_key); !is_new) {
            problems.push_back(
                fmt::format("the environment names {} for two different prices, {} and {}", price,
                            other->second, lookup_key));
        }
    }
    if (problems.empty()) return {};
    return Error{ErrorCode::invalid_input, fmt::format("{}", fmt::join(problems, "\n"))};
}

Task<Result<SyncPlan>> compare_plans(db::Database& db, provider::Provider& provider,
                                     Catalogue catalogue,
                                     std::map<std::string, std::string> fixed) {
    if (const auto checked = check_price_ids(catalogue, fixed); !checked) co_return checked.error();
    SyncPlan plan_of_sync;
    const auto stored = co_await plan_store::load(db, provider.name());
    for (const Plan& plan : catalogue.plans) {
        compare_with_stored(plan, stored, fixed, plan_of_sync.here);
        auto wanted = prices_to_make(plan, fixed);
        if (wanted.empty()) continue;
        auto difference = co_await provider.compare_product({plan.key, plan.name, plan.description},
                                                            std::move(wanted));
        if (!difference) {
            Error error = difference.error();
            error.message = fmt::format("plan {}: {}", plan.key, error.message);
            co_return error;
        }
        for (auto& change : difference->changes)
            plan_of_sync.at_provider.push_back(std::move(change));
    }
    compare_meters(catalogue, stored, plan_of_sync.here);
    compare_gone(catalogue, stored, plan_of_sync.here);
    co_return plan_of_sync;
}

Task<Result<SyncReport>> sync_plans(db::Database& db, provider::Provider& provider,
                                    Catalogue catalogue, std::map<std::string, std::string> fixed) {
    if (const auto checked = check_price_ids(catalogue, fixed); !checked) co_return checked.error();

    SyncReport report;
    std::vector<plan_store::PriceRow> rows;
    for (const Plan& plan : catalogue.plans) {
        counted(report, plan.kind) += 1;
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
