#pragma once
// Brings the catalogue to the provider, then into plans and plan_prices.
//
//     plans.toml ──▶ Catalogue ──▶ provider (products, prices by lookup_key) ──▶ one transaction
//
// Repeatable at any time: what is right already stays as it is.

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/plan_store.h"
#include "catalog/plans_file.h"
#include "provider/provider.h"

namespace paydesk::catalog {

struct SyncReport {
    std::size_t plans = 0, top_ups = 0, products = 0, prices = 0;
    std::size_t fixed_prices = 0;  // of these, by the environment
};

// What a sync would do, in words, in the order of the file; empty: nothing.
//   at the provider   products and prices to be made, renamed, archived
//   here              plans and prices that come, change or are no longer offered
struct SyncPlan {
    std::vector<std::string> at_provider, here;
    bool empty() const { return at_provider.empty() && here.empty(); }
};

// Asks and looks, changes nothing. Refuses as sync_plans() does.
Task<Result<SyncPlan>> compare_plans(db::Database& db, provider::Provider& provider,
                                     Catalogue catalogue, std::map<std::string, std::string> fixed);

// What is wrong with the environment's prices, a line each: for the server's start.
// Refuses with invalid_input: a lookup_key that the catalogue lacks, one price for two keys.
Result<void> check_price_ids(const Catalogue& catalogue,
                             const std::map<std::string, std::string>& fixed);

// `fixed`: lookup_key -> the provider's price id, from the environment. Such a price is taken as it is;
// its product is not made at the provider.
//
// ENSURES: on success the tables say what the catalogue says. On refusal they are as before (products
//          and prices at the provider may have been made: the next run finds them).
// Refuses with what the provider refuses with, the plan named in the message, and with invalid_input
// when `fixed` names one price twice or a lookup_key that the catalogue lacks.
Task<Result<SyncReport>> sync_plans(db::Database& db, provider::Provider& provider,
                                    Catalogue catalogue, std::map<std::string, std::string> fixed);

}  // namespace paydesk::catalog
