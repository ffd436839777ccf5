#pragma once
// Brings what is charged by the provider's meters to it, after catalog::sync_plans():
//
//     [[meter]] charge = "meter" ──▶ provider: meter, a metered price for each plan and cycle ──▶ meters, usage_prices
//
// Repeatable at any time: what is right already stays as it is.

#include "catalog/plans_file.h"
#include "catalog/sync_plans_flow.h"
#include "db/database.h"
#include "provider/metering.h"

namespace paydesk::usage {

// The meter of a metric at the provider: "paydesk_api_calls".
std::string meter_event_name(std::string_view metric);
// The price of a metric on a plan there: "pro_monthly.api_calls". No key of plans.toml has a dot.
std::string usage_lookup_key(const catalog::PlanPrice& price, std::string_view metric);

// Adds to `plan_of_sync` what sync_meters() would do. Asks and looks, changes nothing. Refuses as sync_meters() does.
Task<Result<void>> compare_meters(db::Database& db, provider::Metering& metering,
                                  catalog::Catalogue catalogue, catalog::SyncPlan& plan_of_sync);

// REQUIRES: the catalogue is in the tables (catalog::sync_plans).
// Gives how many meters there are. Refuses as Metering::sync_meter() does, the metric named.
Task<Result<std::size_t>> sync_meters(db::Database& db, provider::Metering& metering,
                                      catalog::Catalogue catalogue);

}  // namespace paydesk::usage
