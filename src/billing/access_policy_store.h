#pragma once
// access_policy: what the view `entitlements` goes by. SQL, nothing else.

#include <chrono>

#include "db/database.h"

namespace paydesk::billing::access_policy_store {

struct Policy {
    std::chrono::days past_due_grace{14};
    bool suspends_disputed = false;
};

// Writes it where it differs. Every server does so when it starts: give all of them the same
// environment, the last one wins.
Task<> set(db::Database& db, Policy policy);

}  // namespace paydesk::billing::access_policy_store
