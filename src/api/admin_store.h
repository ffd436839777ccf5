#pragma once
// What admins read and write: e-mails, exchange rates, the audit log. SQL, nothing else.

#include "db/database.h"

namespace paydesk::api::admin_store {

// $1 status or NULL, $2 account or NULL, $3 how many, $4 the id after which the page begins or NULL.
// Newest first.
extern const db::Statement list;

// $1 account: the address that its mails go to, and its language.
extern const db::Statement reader;

// $1 account, $2 actor, $3 action, $4 details.
extern const db::Statement audit;

// $1 base, $2 quote, or NULL for all: the newest of each pair.
extern const db::Statement rates;

// $1 base, $2 quote, $3 date, $4 rate, $5 source.
extern const db::Statement save_rate;

}  // namespace paydesk::api::admin_store
