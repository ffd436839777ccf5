#pragma once
// usage_prices: SQL, nothing else.

#include <set>
#include <string>
#include <vector>

#include "base/money.h"
#include "db/database.h"
#include "provider/provider.h"

namespace paydesk::catalog::usage_price_store {

// A metered price at the provider.
struct Row {
    std::string plan_key, metric, billing_cycle;
    Currency currency;
    provider::SyncedPrice price;
};

// Makes these the active ones; what is not among them becomes inactive and stays: old subscriptions have it.
Task<> save(db::Tx& tx, provider::Name provider, std::vector<Row> rows);

// The lookup_keys of the active ones.
Task<std::set<std::string>> active(db::Database& db, provider::Name provider);

// What charges the usage of who subscribes to this price of a plan.
Task<std::vector<provider::Ref>> beside(db::Database& db, provider::Name provider,
                                        provider::Ref plan_price);

}  // namespace paydesk::catalog::usage_price_store
