#pragma once
// What reconcile/ asks the inbox and the rows: SQL, nothing else.

#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::reconcile::inbox_store {

// Which of these events were stored.
Task<std::set<std::string>> known(db::Database& db, provider::Name provider,
                                  std::vector<std::string> event_ids);

// Whether an event is due and not applied yet.
Task<bool> has_due(db::Database& db, Instant now);

// Which of these objects an event is about that was stored and not applied yet.
Task<std::set<std::string>> on_their_way(db::Tx& tx, provider::Name provider,
                                         provider::ObjectKind kind, std::vector<std::string> ids);

// The payloads of all stored events about these objects, in the order in which they happened.
inline constexpr std::int64_t stored_events_max = 5'000;
Task<std::vector<std::string>> payloads_about(db::Tx& tx, provider::Name provider,
                                              provider::ObjectKind kind,
                                              std::vector<std::string> ids);

// Refunds and disputes whose payment is gone lose their link, so that it is made anew.
Task<> drop_dangling_links(db::Tx& tx, std::set<AccountId> accounts);

// The payments of these accounts that this transaction wrote: "invoice/in_1".
struct Written {
    std::string payment;
    AccountId account;
};
Task<std::vector<Written>> written_payments(db::Tx& tx, std::set<AccountId> accounts);

// The customers that accounts here pay with, after `after` in the order of their ids.
struct Customer {
    provider::Ref customer;
    AccountId account;
};
Task<std::optional<Customer>> next_customer(db::Database& db, provider::Name provider,
                                            std::string after);
// Payment methods that we once knew (provider_refs) and have no row of: no list shows a detached one.
inline constexpr std::int64_t lost_methods_max = 200;
Task<std::vector<provider::Ref>> lost_methods(db::Database& db, provider::Name provider);

// The payment methods of an account that are attached, as our rows have it.
Task<std::set<std::string>> attached_methods(db::Database& db, provider::Name provider,
                                             AccountId account);

}  // namespace paydesk::reconcile::inbox_store
