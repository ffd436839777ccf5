#pragma once
// Notifications as the API shows them: statements for db::run_as(); RLS limits the rows. $1 account.

#include "db/database.h"

namespace paydesk::api::notification_store {

inline constexpr std::int64_t page_rows_max = 100;
inline constexpr std::int64_t ids_max = 100;

// $2 unread only, $3 how many, $4 the id after which the page begins, or NULL. Newest first.
extern const db::Statement list;
// $2 id.
extern const db::Statement exists;
// One row: `unread`.
extern const db::Statement count_unread;
// $2 ids as a Postgres array, $3 read. Affects those that belong to the account.
extern const db::Statement mark;
// $2 read. Affects those that are not so already.
extern const db::Statement mark_all;
// $2 id: what came after it, oldest first, at most page_rows_max.
extern const db::Statement since;
// $2 an instant: what was written after it, the newest page_rows_max, newest first. For db::run().
extern const db::Statement recent;
// No parameters. One row: `now`, by the clock that dates the rows.
extern const db::Statement moment;

}  // namespace paydesk::api::notification_store
