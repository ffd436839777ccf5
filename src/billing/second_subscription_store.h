#pragma once
// Whether a subscription is a second one beside another that lives: SQL, nothing else.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::second_subscription_store {

struct Key {
    AccountId account;
    provider::Name provider;
    std::string subscription;  // the provider's id
    friend auto operator<=>(const Key&, const Key&) = default;
};

// A job for each of these that is a second one.
Task<> note(db::Tx& tx, std::set<Key> keys, Instant now);

// Those beside it that live and were known before it, in the same family, where PayPal has one of the
// two; none: it is no second one.
Task<std::vector<Key>> before(db::Tx& tx, Key key);

// Of a job's payload; nothing when it is not one of ours.
std::optional<Key> read_key(const boost::json::value& payload);

}  // namespace paydesk::billing::second_subscription_store
