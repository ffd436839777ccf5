#pragma once
// Which reminders are due: SQL, nothing else.

#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::reminder_store {

inline constexpr std::int64_t reminders_max = 200;  // of one run; the next takes the rest

struct Due {
    AccountId account;
    provider::Ref subscription;
    std::string plan_name;
    Instant at;  // the trial's end, the renewal
};

// Trials that end until `until`, of which nobody has been told.
Task<std::vector<Due>> trials(db::Database& db, provider::Name provider, Instant now,
                              Instant until);
// Yearly plans that renew until `until`, of which nobody has been told.
Task<std::vector<Due>> renewals(db::Database& db, provider::Name provider, Instant now,
                                Instant until);

}  // namespace paydesk::billing::reminder_store
