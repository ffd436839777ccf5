#pragma once
// What cancel_flow reads and the intent that it keeps in jobs: SQL, nothing else.

#include <optional>
#include <string>

#include "base/ids.h"
#include "billing/subscription_status.h"
#include "db/database.h"
#include "provider/provider.h"

namespace paydesk::billing::cancel_store {

struct Target {
    std::string id;  // ours
    provider::Name provider;
    provider::Ref subscription;
    SubscriptionStatus status;
};

// The account's subscription by our id or the provider's; locked until the transaction ends.
Task<std::optional<Target>> find(db::Tx& tx, AccountId account, std::string subscription);

struct Intent {
    std::string id;
    AccountId account;
    provider::Name provider;
    provider::Ref subscription;
    provider::CancelWhen when;
    provider::CancelDetails details = {};
};

// Records the intent as a job that runs at `run_at`, in place of one that waits for the same
// subscription: the last wish counts.
Task<> record(db::Tx& tx, Intent intent, Instant run_at);
// The intent is fulfilled or refused: its job goes, unless it is running just now.
Task<> forget(db::Tx& tx, Intent intent);

// Of a job's payload; nothing when it is not one of ours.
std::optional<Intent> read_intent(const boost::json::value& payload);

}  // namespace paydesk::billing::cancel_store
