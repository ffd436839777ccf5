#pragma once
// Which reminders are due: SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/money.h"
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

// An invoice of ours (provider::usage_billing_reason) that is open since as many days, and no payment for it is on its way.
struct Unpaid {
    AccountId account;
    std::string invoice, subscription;
    Money amount;
    std::int64_t days = 0;
    std::optional<Instant> period_start, period_end;
    std::optional<std::string> hosted_invoice_url;
    Instant created_at;
};
// Of each the last of `days` that has come, where nobody has been told of that one.
Task<std::vector<Unpaid>> unpaid(db::Database& db, provider::Name provider, Instant now,
                                 std::vector<std::int64_t> days);

}  // namespace paydesk::billing::reminder_store
