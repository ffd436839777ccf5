#pragma once
// Whose objects are these? provider_refs, the locks taken while they are applied, and the events that
// wait for an owner. SQL, nothing else.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::owner_store {

// An object at a provider: what provider_refs is keyed by.
struct ObjectKey {
    provider::Name provider;
    provider::ObjectKind kind;
    std::string id;
    friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

// Locks the objects until the transaction ends, whether or not they have rows yet, in one global
// order. Whoever decides about an object's owner or snapshot holds its lock.
//
// From here to its end the transaction finds rows by index. Postgres takes a young table for empty
// and would read all of it, again and again as it grows. The statements that take a set of keys apart
// look each up in a `lateral ... limit 1`, which leaves the planner no other order.
Task<> lock(db::Tx& tx, std::set<ObjectKey> keys);

Task<std::map<ObjectKey, AccountId>> find(db::Tx& tx, std::set<ObjectKey> keys);

// Those of the accounts that exist.
Task<std::set<AccountId>> existing_accounts(db::Tx& tx, std::set<AccountId> accounts);

// Records owners; one that is recorded already stays.
Task<> add(db::Tx& tx, std::map<ObjectKey, AccountId> owners);

// Gives accounts without a customer at the provider theirs: the first one stays.
Task<> adopt_customers(db::Tx& tx, std::map<ObjectKey, AccountId> customers);

// Webhook events that wait for one of these objects are due at once, with their attempts at zero.
// Those that another worker holds are left to it: it waits for our locks and then sees our rows.
Task<> release_waiting(db::Tx& tx, std::set<ObjectKey> keys);

}  // namespace paydesk::billing::owner_store
