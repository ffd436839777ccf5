#include "catalog/plan_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"

namespace paydesk::catalog::plan_store {
namespace {

constexpr db::Statement offer_by_plan{"catalog_offer_by_plan", R"(
    select p.plan_key, p.name, p.plan_family, p.kind, p.trial_days, q.billing_cycle, q.currency,
           q.unit_amount, q.provider_price_id
    from paydesk.plans p join paydesk.plan_prices q on q.plan_key = p.plan_key and q.is_active
    where p.is_active and p.purchasable and q.provider = $1 and p.plan_key = $2 and q.billing_cycle = $3
    order by q.currency limit 1)"};

constexpr db::Statement offer_by_price{"catalog_offer_by_price", R"(
    select p.plan_key, p.name, p.plan_family, p.kind, p.trial_days, q.billing_cycle, q.currency,
           q.unit_amount, q.provider_price_id
    from paydesk.plans p join paydesk.plan_prices q on q.plan_key = p.plan_key and q.is_active
    where p.is_active and p.purchasable and q.provider = $1 and q.provider_price_id = $2
    order by q.currency limit 1)"};

constexpr db::Statement active_plan{"catalog_active_plan", R"(
    select plan_key from paydesk.plans where plan_key = $1 and is_active)"};

constexpr db::Statement lock{"catalog_lock", R"(
    select pg_advisory_xact_lock(hashtextextended('paydesk.plans', 0))::text as locked)"};

constexpr db::Statement save_plans{"catalog_save_plans", R"(
    insert into paydesk.plans (plan_key, kind, plan_family, name, description, tier, rank, features,
                               limits, usage, credits_per_month, credits, trial_days, purchasable,
                               is_active, sort_order)
    select r.plan_key, r.kind, r.plan_family, r.name, r.description, r.tier, r.rank, r.features,
           r.limits, r.usage, r.credits_per_month, r.credits, r.trial_days, r.purchasable, true, r.sort_order
    from json_to_recordset($1) as r (plan_key text, kind text, plan_family text, name text,
        description text, tier text, rank integer, features jsonb, limits jsonb, usage jsonb,
        credits_per_month bigint, credits bigint, trial_days integer, purchasable boolean,
        sort_order integer)
    on conflict (plan_key) do update set
        kind = excluded.kind, plan_family = excluded.plan_family, name = excluded.name,
        description = excluded.description, tier = excluded.tier, rank = excluded.rank,
        features = excluded.features, limits = excluded.limits, usage = excluded.usage,
        credits_per_month = excluded.credits_per_month, credits = excluded.credits,
        trial_days = excluded.trial_days, purchasable = excluded.purchasable, is_active = true,
        sort_order = excluded.sort_order)"};

constexpr db::Statement select_plans{"catalog_stored_plans", R"(
    select plan_key, kind, plan_family, name, description, tier, rank, features, limits, usage,
           credits_per_month, credits, trial_days
    from paydesk.plans where is_active)"};

constexpr db::Statement select_prices{"catalog_stored_prices", R"(
    select plan_key, billing_cycle, currency, unit_amount, provider_price_id, lookup_key
    from paydesk.plan_prices where is_active and provider = $1)"};

constexpr db::Statement retire_plans{"catalog_retire_plans", R"(
    update paydesk.plans set is_active = false
    where is_active and plan_key not in
        (select r.plan_key from json_to_recordset($1) as r (plan_key text)))"};

constexpr db::Statement retire_prices{"catalog_retire_prices", R"(
    update paydesk.plan_prices set is_active = false
    where is_active and provider = $2 and not exists (
        select from json_to_recordset($1)
            as r (plan_key text, billing_cycle text, currency text, provider_price_id text)
        where r.provider_price_id = plan_prices.provider_price_id
          and r.plan_key = plan_prices.plan_key and r.billing_cycle = plan_prices.billing_cycle
          and r.currency = plan_prices.currency))"};

constexpr db::Statement save_prices{"catalog_save_prices", R"(
    insert into paydesk.plan_prices (plan_key, billing_cycle, currency, unit_amount, provider,
                                     provider_price_id, provider_product_id, lookup_key, is_active)
    select r.plan_key, r.billing_cycle, r.currency, r.unit_amount, $2, r.provider_price_id,
           r.provider_product_id, r.lookup_key, true
    from json_to_recordset($1) as r (plan_key text, billing_cycle text, currency text,
        unit_amount bigint, provider_price_id text, provider_product_id text, lookup_key text)
    on conflict (provider, provider_price_id, currency) do update set
        plan_key = excluded.plan_key, billing_cycle = excluded.billing_cycle,
        unit_amount = excluded.unit_amount,
        provider_product_id = coalesce(excluded.provider_product_id, plan_prices.provider_product_id),
        lookup_key = excluded.lookup_key, is_active = true)"};

constexpr db::Statement save_meters{"catalog_save_meters", R"(
    insert into paydesk.meters (metric, name, unit, aggregation, charge, record_prices, is_active)
    select r.metric, r.name, r.unit, r.aggregation, r.charge, r.record_prices, true
    from json_to_recordset($1) as r (metric text, name text, unit text, aggregation text, charge text,
                                     record_prices text[])
    on conflict (metric) do update set
        name = excluded.name, unit = excluded.unit, aggregation = excluded.aggregation,
        charge = excluded.charge, record_prices = excluded.record_prices, is_active = true)"};

constexpr db::Statement select_meters{"catalog_stored_meters", R"(
    select metric, name, unit, aggregation, charge, array_to_string(record_prices, ' ') as record_prices
    from paydesk.meters where is_active)"};

constexpr db::Statement retire_meters{"catalog_retire_meters", R"(
    update paydesk.meters set is_active = false
    where is_active and metric not in
        (select r.metric from json_to_recordset($1) as r (metric text)))"};

PlanKind kind_of(std::string_view text) {
    if (text == to_string(PlanKind::plan)) return PlanKind::plan;
    return text == to_string(PlanKind::top_up) ? PlanKind::top_up : PlanKind::product;
}

std::optional<Offer> first_offer(const db::Rows& rows) {
    if (rows.empty()) return std::nullopt;
    const auto currency = Currency::parse(rows.text(0, "currency"));
    PD_ASSERT(currency.has_value());
    return Offer{.plan_key = std::string(rows.text(0, "plan_key")),
                 .plan_name = std::string(rows.text(0, "name")),
                 .plan_family = std::string(rows.text(0, "plan_family")),
                 .kind = kind_of(rows.text(0, "kind")),
                 .billing_cycle = std::string(rows.text(0, "billing_cycle")),
                 .unit_amount = Money(rows.integer(0, "unit_amount"), *currency),
                 .price = {std::string(rows.text(0, "provider_price_id"))},
                 .trial_days = rows.integer(0, "trial_days")};
}

std::string plans_json(const Catalogue& catalogue) {
    json::array rows;
    for (const Plan& plan : catalogue.plans) {
        const bool is_plan = plan.kind == PlanKind::plan;
        json::object limits, usage;
        for (const auto& [metric, price] : plan.usage) usage[metric] = to_json(price);
        for (const auto& [metric, limit] : plan.limits) limits[metric] = limit;
        rows.push_back({
            {"plan_key",          plan.key                       },
            {"kind",              to_string(plan.kind)           },
            {"plan_family",       plan.family                    },
            {"name",              plan.name                      },
            {"description",       plan.description               },
            {"tier",              plan.tier                      },
            {"rank",              plan.rank                      },
            {"usage",             std::move(usage)               },
            {"features",          json::value_from(plan.features)},
            {"limits",            std::move(limits)              },
            {"credits_per_month", is_plan ? plan.credits : 0     },
            {"credits",           is_plan ? 0 : plan.credits     },
            {"trial_days",        plan.trial_days.value_or(0)    },
            {"purchasable",       !plan.prices.empty()           },
            {"sort_order",        rows.size()                    }
        });
    }
    return storable(rows);
}

std::string meters_json(const Catalogue& catalogue) {
    json::array rows;
    for (const Meter& meter : catalogue.meters) {
        rows.push_back({
            {"metric",        meter.key                            },
            {"name",          meter.name                           },
            {"unit",          meter.unit                           },
            {"aggregation",   to_string(meter.aggregation)         },
            {"charge",        to_string(meter.charge)              },
            {"record_prices", json::value_from(meter.record_prices)}
        });
    }
    return json::serialize(rows);
}

std::string prices_json(const std::vector<PriceRow>& prices) {
    json::array rows;
    for (const PriceRow& row : prices) {
        json::value product;
        if (!row.product.value.empty()) product = row.product.value;
        rows.push_back({
            {"plan_key",            row.plan_key                            },
            {"billing_cycle",       to_string(row.price.cycle)              },
            {"currency",            row.price.amount.currency().lower_code()},
            {"unit_amount",         row.price.amount.minor_units()          },
            {"provider_price_id",   row.provider_price.value                },
            {"provider_product_id", std::move(product)                      },
            {"lookup_key",          row.price.lookup_key                    }
        });
    }
    return storable(rows);
}

}  // namespace

const db::Statement list{"catalog_list", R"(
    select p.plan_key, p.kind, p.plan_family, p.name, p.description, p.tier, p.rank, p.features,
           p.limits, p.credits_per_month, p.credits, p.trial_days, p.purchasable,
           q.billing_cycle, q.currency, q.unit_amount, q.provider_price_id, q.lookup_key
    from paydesk.plans p
    left join paydesk.plan_prices q
        on q.plan_key = p.plan_key and q.is_active and q.provider = $1
    where p.is_active
    order by p.kind, p.rank, p.sort_order, p.plan_key, q.currency, q.billing_cycle)"};

Task<std::optional<Offer>> find_offer(db::Database& db, provider::Name provider,
                                      std::string plan_key, std::string billing_cycle) {
    co_return first_offer(co_await db.run(
        offer_by_plan,
        {db::param(to_string(provider)), std::move(plan_key), std::move(billing_cycle)}));
}

Task<std::optional<Offer>> find_offer_of_price(db::Database& db, provider::Name provider,
                                               provider::Ref price) {
    co_return first_offer(
        co_await db.run(offer_by_price, {db::param(to_string(provider)), std::move(price.value)}));
}

Task<bool> is_active_plan(db::Database& db, std::string plan_key) {
    const db::Rows rows = co_await db.run(active_plan, {std::move(plan_key)});
    co_return !rows.empty();
}

std::string describe(const Meter& meter) {
    return fmt::format("{}, {}, {}, {}, {}", meter.name, meter.unit, to_string(meter.aggregation),
                       to_string(meter.charge), fmt::join(meter.record_prices, " "));
}

Task<Stored> load(db::Database& db, provider::Name provider) {
    Stored stored;
    const auto plans = co_await db.run(select_plans);
    for (std::size_t i = 0; i < plans.size(); ++i) {
        const auto text = [&plans, i](const char* column) {
            return std::string(plans.text(i, column));
        };
        const auto features = parse_json(plans.text(i, "features")),
                   limits = parse_json(plans.text(i, "limits")),
                   usage = parse_json(plans.text(i, "usage"));
        PD_ASSERT(features && limits && usage);  // of jsonb columns
        StoredPlan plan{
            .kind = text("kind"),
            .family = text("plan_family"),
            .name = text("name"),
            .description = text("description"),
            .tier = text("tier"),
            .rank = plans.integer(i, "rank"),
            .credits = plans.integer(i, "credits_per_month") + plans.integer(i, "credits"),
            .trial_days = plans.integer(i, "trial_days")};
        for (const auto& feature : features->as_array())
            plan.features.emplace_back(feature.as_string());
        for (const auto& [metric, limit] : limits->as_object())
            plan.limits.emplace(metric, limit.as_int64());
        for (const auto& [metric, price] : usage->as_object()) {
            if (auto read = usage_price_from_json(price)) plan.usage.emplace(metric, *read);
        }
        stored.plans.emplace(text("plan_key"), std::move(plan));
    }
    const auto meters = co_await db.run(select_meters);
    for (std::size_t i = 0; i < meters.size(); ++i) {
        stored.meters.emplace(
            meters.text(i, "metric"),
            fmt::format("{}, {}, {}, {}, {}", meters.text(i, "name"), meters.text(i, "unit"),
                        meters.text(i, "aggregation"), meters.text(i, "charge"),
                        meters.text(i, "record_prices")));
    }
    const auto prices = co_await db.run(select_prices, {db::param(to_string(provider))});
    for (std::size_t i = 0; i < prices.size(); ++i) {
        const auto currency = Currency::parse(prices.text(i, "currency"));
        PD_ASSERT(currency.has_value());
        stored.prices.push_back({.plan_key = std::string(prices.text(i, "plan_key")),
                                 .billing_cycle = std::string(prices.text(i, "billing_cycle")),
                                 .amount = Money(prices.integer(i, "unit_amount"), *currency),
                                 .price = {std::string(prices.text(i, "provider_price_id"))}});
    }
    co_return stored;
}

Task<> save(db::Tx& tx, provider::Name provider, const Catalogue& catalogue,
            const std::vector<PriceRow>& prices) {
    const std::string plans = plans_json(catalogue);
    const std::string price_rows = prices_json(prices);
    const db::Param name = db::param(to_string(provider));
    co_await tx.run(lock);
    co_await tx.run(save_plans, {plans});
    co_await tx.run(retire_plans, {plans});
    const std::string meters = meters_json(catalogue);
    co_await tx.run(save_meters, {meters});
    co_await tx.run(retire_meters, {meters});
    // Before the new ones come: a plan has one active price per cycle and currency.
    co_await tx.run(retire_prices, {price_rows, name});
    co_await tx.run(save_prices, {price_rows, name});
}

}  // namespace paydesk::catalog::plan_store
