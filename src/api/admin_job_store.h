#pragma once
// What admins read of the work queue, in the columns of the API (openapi.yaml): SQL, nothing else.

#include "db/database.h"

namespace paydesk::api::admin_job_store {

// $1 how many, $2 the id after which the page begins or NULL, $3 now, $4 state or NULL, $5 kind or NULL. The latest due
// first. A job's state is `due` or `scheduled` while it is queued, else its status.
extern const db::Statement list;

// $1 now: how many are due, scheduled, running and dead, and how long the oldest has been due. One row.
extern const db::Statement counts;

// $1 id: kind and account. At most one row.
extern const db::Statement job;

}  // namespace paydesk::api::admin_job_store
