#pragma once
// usage_records and their roll-ups: SQL, nothing else. One statement counts events: the unique key decides
// which are new, and only those are added up.

#include <functional>
#include <vector>

#include "usage/metrics.h"
#include "usage/totals.h"

namespace paydesk::usage::record_store {

// A way to run a statement: of a Tx, or of the Database where the statement is the whole transaction.
using Run = std::function<Task<db::Rows>(db::Statement, db::Params)>;

struct Counted {
    std::vector<std::size_t> duplicates;  // places in `events`: those whose key has counted already
    std::vector<Totals> totals;           // of every period that changed, as it is now
};

// Counts the events, in one statement.
// REQUIRES: sorted by account and key; no two of one account, key and day; the metrics are known.
// Throws db::Failure; 23514 where the day of an event has no partition yet (make_partitions).
Task<Counted> count(Run run, std::vector<const Event*> events,
                    std::shared_ptr<const Metrics> metrics, Instant received_at);

// What has counted under an event's key.
struct Stored {
    std::string metric;
    Decimal quantity;
    std::optional<std::string> unique_value;
    Period period;
    bool is_late = false;
    bool same_as(const Event& event) const;
};
// In the order of `events`; nothing where the key has not counted yet.
Task<std::vector<std::optional<Stored>>> find(Run run, std::vector<const Event*> events);

}  // namespace paydesk::usage::record_store
