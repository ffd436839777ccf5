#pragma once
// Rows of a usage table as events that have been counted: in the records and the roll-ups, under keys of their own.
//
// What the former code has told Stripe already is not told again (usage_reports, `elsewhere`). A limit that is
// reached by it is told to nobody.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "transfer/import_source.h"
#include "usage/count_events.h"

namespace paydesk::transfer {

struct UsageRules {
    std::shared_ptr<const usage::Metrics> metrics;
    Instant now;
    std::chrono::days keep;  // as long as records are kept, and with them their keys
};

// What a row counts; or, in words, why it does not.
struct UsageRow {
    std::optional<usage::Event> event = {};
    bool is_reported = false;  // to Stripe, by the former code
    std::string why = {};
};
// Refused are, in this order: what cannot be read, metrics that no [[meter]] counts, distinct values (the tables have
// none), quantities that POST /api/usage/events refuses from a service, times that lie ahead or so far back that the
// records of their day may be gone, and reported rows of a metric that is charged by invoice_item: Stripe charges those.
// The key is "import/" + table + "/" + id: it counts once however often it is imported.
UsageRow read_usage_row(const SourceRow& row, const UsageRules& rules);

// Counts them, in the caller's transaction. Gives what became of each. REQUIRES: each has an event.
Task<std::vector<usage::Outcome>> count_usage(db::Tx& tx, std::vector<UsageRow> rows,
                                              UsageRules rules);

}  // namespace paydesk::transfer
