#pragma once
// What PayPal is asked about without having told anything: SQL, nothing else.

#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::poll_store {

struct Due {
    AccountId account;
    provider::ObjectKind kind;  // subscription, checkout, charge, refund
    provider::Ref object;
    std::string checkout_id;  // ours, of a checkout; else ""
};

// What is due at `now`, what is most likely to have changed first. `all`: all that is alive, due or not.
Task<std::vector<Due>> due(db::Database& db, Instant now, bool all, std::int64_t limit);

// It has been asked about. `gone`: PayPal has no such checkout any more, so it has lapsed.
Task<> record(db::Database& db, Due polled, bool gone, Instant now);

// Forgets what nobody has asked about for long.
Task<> sweep(db::Database& db, Instant before);

}  // namespace paydesk::billing::poll_store
