#pragma once
// What people read of their own ledger, in the columns of the API (openapi.yaml): statements for
// db::run_as(), where RLS limits the rows; the account in $1 only chooses among one's own.

#include "db/database.h"

namespace paydesk::credits {

inline constexpr std::int64_t page_rows_max = 100;

// $1 account, $2 how many, $3 the number before which the page begins, or NULL. Newest first. Each with
// its lines.
extern const db::Statement read_entries;

// $1 account. Open holds, the newest first.
extern const db::Statement read_open_holds;

}  // namespace paydesk::credits
