#pragma once
// Jobs that capture an approved order: SQL, nothing else.

#include <optional>
#include <set>
#include <string>

#include "base/json.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::capture_store {

struct Key {
    AccountId account;
    provider::Name provider;
    std::string checkout;  // the provider's id
    friend auto operator<=>(const Key&, const Key&) = default;
};

// A job for each that is still open, or whose money was on its way: not for what was given up.
Task<> note(db::Tx& tx, std::set<Key> keys, Instant now);

// Of a job's payload; nothing when it is not one of ours.
struct Intent {
    AccountId account;
    std::string id;  // of the checkout, ours
};
std::optional<Intent> read_intent(const boost::json::value& payload);

}  // namespace paydesk::billing::capture_store
