#pragma once
// emails: the outbox's SQL, nothing else.

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "db/database.h"

namespace paydesk::notify::email_store {

struct Email {
    AccountId account;
    std::string id;
    std::string kind;
    std::optional<std::string> recipient;  // as queued, else what the account has now
    std::string name;                      // of the reader; "" when unknown
    std::string language;                  // "" for the server's default
    json::object data;
    std::string message_id;
    std::int64_t attempts;  // this one included
    Instant created_at;
};

// Leases up to `limit` mails that are due, oldest first, until `until`; gives each its Message-ID
// for ever: "<id@domain>".
Task<std::vector<Email>> claim(db::Database& db, Instant now, Instant until, std::string domain,
                               std::int64_t limit);

// How the attempt ended. Nothing happens where the lease was lost to another node meanwhile.
Task<> mark_sent(db::Database& db, Email email, Instant now);
Task<> retry(db::Database& db, Email email, std::string error, Instant at);
// As if it had not been claimed: the attempt does not count.
Task<> release(db::Database& db, Email email, std::string error, Instant at);
Task<> bury(db::Database& db, Email email, std::string error);
Task<> skip(db::Database& db, Email email, std::string why);

// All that are due, where there is no mail server. Gives how many.
Task<std::size_t> skip_due(db::Database& db, Instant now, std::string why);

// Queues one by hand. False where the fact was mailed before.
Task<bool> add(db::Tx& tx, AccountId account, std::string fact_key, std::string kind,
               std::string recipient, std::optional<std::string> language, json::object data);

// Puts a dead or skipped one back into the queue, attempts at zero. False where there is none.
Task<bool> requeue(db::Tx& tx, std::string id, Instant now);

}  // namespace paydesk::notify::email_store
