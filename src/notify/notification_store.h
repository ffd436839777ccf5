#pragma once
// Notifications as their reader sees them: statements for db::run_as(), where RLS limits the rows.
//
//     auto rows = co_await db.run_as(identity, notify::list, notify::list_params(account, 21));
//     for (std::size_t i = 0; i < rows.size(); ++i) notify::read_notification(rows, i);

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/database.h"

namespace paydesk::notify {

// One more than a page, so that a caller sees whether there is another.
inline constexpr std::int64_t list_limit_max = 101;

struct NotificationRow {
    std::string id;
    AccountId account;
    std::string type, title, message;
    std::string metadata_json;
    bool read = false;
    Instant created_at;
};

// The newest first, those before `starting_after` (the id of the last one of the page before; one
// that does not exist gives nothing). REQUIRES: 1 <= limit <= list_limit_max; the id is a UUID.
extern const db::Statement list;
db::Params list_params(const AccountId& account, std::int64_t limit, bool unread_only = false,
                       const std::optional<std::string>& starting_after = std::nullopt);

// What came after the notification `last_seen`, the oldest first; nothing where there is no such one.
// For a stream that was cut. REQUIRES: as list.
extern const db::Statement list_since;
db::Params list_since_params(const AccountId& account, const std::string& last_seen,
                             std::int64_t limit);

NotificationRow read_notification(const db::Rows& rows, std::size_t row);

// One row: `unread`, how many are not read yet.
extern const db::Statement count_unread;
db::Params count_unread_params(const AccountId& account);

// Sets `read` on those of `ids` that belong to the account and are not so yet; affected() says how
// many. REQUIRES: every id is a UUID.
extern const db::Statement mark_read;
db::Params mark_read_params(const AccountId& account, const std::vector<std::string>& ids,
                            bool read);

extern const db::Statement mark_all;
db::Params mark_all_params(const AccountId& account, bool read);

}  // namespace paydesk::notify
