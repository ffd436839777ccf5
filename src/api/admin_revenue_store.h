#pragma once
// What admins read of money and usage over time, from rows alone: SQL, nothing else.

#include "db/database.h"

namespace paydesk::api::admin_revenue_store {

// $1 now, $2 how many months, the current one included. A row per currency that ever was billed and month (UTC), in
// that order, oldest month first; amounts in minor units.
//
// Recurring revenue at a moment is read off the invoices: of each live subscription (and plan family), the newest
// line that is for a price of the catalogue, costs something and covers the moment, at the price's full amount. So
// a trial is none, a change of plan counts from its invoice on, and neither discounts nor taxes count. A
// subscription that goes on may be covered a little late: its next invoice has cover_grace to arrive.
// MRR is annual / 12, rounded half up, for each customer; ARR is the sum of the exact annual amounts.
extern const db::Statement by_month;

// $1 the first day, $2 the day after the last (UTC). A row per metric and day with usage, in that order.
extern const db::Statement usage_by_day;

}  // namespace paydesk::api::admin_revenue_store
