#pragma once
// What admins read of webhook_events, in the columns of the API (openapi.yaml): SQL, nothing else.

#include "db/database.h"

namespace paydesk::api::admin_event_store {

// $1 how many, $2 the id after which the page begins; $3 status, $4 type (or its beginning, as "invoice."),
// $5 object's id, $6 provider; each of $2..$6 or NULL. Newest first. $7 an interval: only so far back from there, as
// the trail is indexed by stretches of time and not row by row; NULL: all of it.
extern const db::Statement list;

// $1 id. At most one row: columns as above, and `payload`.
extern const db::Statement event;

// How many are failed, dead or waiting: one row.
extern const db::Statement unfinished;

}  // namespace paydesk::api::admin_event_store
