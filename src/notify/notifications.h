#pragma once
// Notifications: what a person is told, in the dashboard and by e-mail. One row per fact, told once.
//
// The fact key says what is told ("payment_success:in_1NX..."), never which event brought it: a fact
// that arrives by two events, or twice, is one row. The key is unique per account.

#include <boost/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/database.h"

namespace paydesk::notify {

// The channel that wakes live pages; the payload is ids of accounts, separated by commas.
inline constexpr const char* account_channel = "paydesk_account";

struct Notification {
    AccountId account;
    std::string type;  // "payment_success", "payment_failed", "subscription_canceled", ...
    std::string title;
    std::string message;
    boost::json::object metadata;
    std::string fact_key;
    // What its e-mail says (email_kinds.h), unformatted: a mail is written in the reader's language
    // when it is sent. Amounts in minor units beside "currency", instants as unix seconds ("..._at").
    boost::json::object details = {};
};

// Adds those whose fact is new, in the caller's transaction, and wakes their accounts when it commits;
// `also_woken` with them. Where the type is one that is mailed, the e-mail is queued with it.
// ENSURES: one row per (account, fact_key), whoever adds it and how often; at most one e-mail for it.
// Gives how many were new.
Task<std::size_t> add(db::Tx& tx, std::vector<Notification> notifications,
                      std::set<AccountId> also_woken = {});

// Wakes live pages of these accounts when the caller's transaction commits: something of theirs has
// changed. Once per account and transaction, however often it is called.
Task<> wake(db::Tx& tx, std::set<AccountId> accounts);

}  // namespace paydesk::notify
