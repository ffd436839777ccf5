#pragma once
// Inside ledger_store only: the look at a group's keys, which shares a round trip with its lock and load.

#include <map>
#include <set>

#include "credits/ledger_store.h"
#include "db/together.h"

namespace paydesk::credits::ledger_store {

db::Call select_keys(const std::set<KeyedRequest>& keys);
std::map<KeyedRequest, KeyedOutcome> read_keys(const db::Rows& rows);

}  // namespace paydesk::credits::ledger_store
