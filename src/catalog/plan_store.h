#pragma once
// plans and plan_prices: SQL, nothing else.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/money.h"
#include "catalog/plans_file.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::catalog::plan_store {

// A price and its plan as the database has them: what a checkout sells.
struct Offer {
    std::string plan_key, plan_name, plan_family;
    PlanKind kind;
    std::string billing_cycle;  // "monthly", "yearly", "one_time"
    Money unit_amount;
    provider::Ref price;
    std::int64_t trial_days = 0;
};

// What is offered now under this plan and cycle; nothing when there is none.
Task<std::optional<Offer>> find_offer(db::Database& db, provider::Name provider,
                                      std::string plan_key, std::string billing_cycle);
// The same by the provider's price id.
Task<std::optional<Offer>> find_offer_of_price(db::Database& db, provider::Name provider,
                                               provider::Ref price);

// Whether the key names an active plan, with or without a price.
Task<bool> is_active_plan(db::Database& db, std::string plan_key);

// Rows: one for each active plan and price, a plan without prices once with NULL price columns; in
// the order to show. For db::run_as("anon") and db::run() alike. Columns: those of plans, then
// billing_cycle, currency, unit_amount, provider_price_id, lookup_key.
extern const db::Statement list;

// What is on offer now, to be compared with the file.
struct StoredPlan {
    std::string kind, family, name, description, tier;
    std::int64_t rank = 0, credits = 0, trial_days = 0;
    std::vector<std::string> features = {};
    std::map<std::string, std::int64_t> limits = {};
    std::map<std::string, UsagePrice> usage = {};
};
struct StoredPrice {
    std::string plan_key, billing_cycle;
    Money amount;
    provider::Ref price;
};
struct Stored {
    std::map<std::string, StoredPlan> plans;  // by key
    std::vector<StoredPrice> prices;
    std::map<std::string, std::string> meters;  // by metric: all that is said of it, to be compared
};
// As Stored has it.
std::string describe(const Meter& meter);
Task<Stored> load(db::Database& db, provider::Name provider);

// A price at the provider, to be stored.
struct PriceRow {
    std::string plan_key;
    PlanPrice price;
    provider::Ref product, provider_price;  // product: "" where it is not known
};

// Makes the tables say what the catalogue says, in the caller's transaction; what is gone from it
// becomes inactive and stays. Two callers queue.
Task<> save(db::Tx& tx, provider::Name provider, const Catalogue& catalogue,
            const std::vector<PriceRow>& prices);

}  // namespace paydesk::catalog::plan_store
