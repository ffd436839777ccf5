#pragma once
// subscriptions and subscription_items: SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "billing/subscription_status.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::subscription_store {

struct Subscription {
    AccountId account;
    provider::Name provider;
    provider::Ref subscription;
    SubscriptionStatus status;
    std::optional<std::string> plan_key, plan_name,
        billing_cycle;                    // none: price not in the catalogue
    std::optional<std::string> price_id;  // the provider's, of the first item
    std::int64_t quantity = 1;
    std::optional<Instant> current_period_start, current_period_end;
    bool cancel_at_period_end = false;
    std::optional<Instant> cancel_at, canceled_at, ended_at, trial_start, trial_end;
    Instant created_at;

    bool cancel_scheduled() const {
        return is_live(status) && (cancel_at_period_end || cancel_at.has_value());
    }
};

// For db::run_as() (RLS limits the rows) and tx.run() alike. $1 account. The live ones first, then the
// newest; `current` gives the first of them only.
extern const db::Statement list;
extern const db::Statement current;
db::Params by_account(const AccountId& account);
Subscription read(const db::Rows& rows, std::size_t row);

// One of the account's, by the provider's id; locked until the transaction ends when `for_update`.
Task<std::optional<Subscription>> find(db::Tx& tx, AccountId account, provider::Ref subscription,
                                       bool for_update = false);

// The account's subscriptions that are not in a terminal state, newest first.
Task<std::vector<Subscription>> live(db::Tx& tx, AccountId account);

}  // namespace paydesk::billing::subscription_store
