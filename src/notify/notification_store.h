#pragma once
// Notifications as their reader sees them: statements for db::run_as(), where RLS limits the rows.
//
//     auto rows = co_await db.run_as(identity, notify::list, notify::list_params(account, 20));
//     for (std::size_t i = 0; i < rows.size(); ++i) notify::read_notification(rows, i);

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/database.h"

namespace paydesk::notify {

inline constexpr std::int64_t list_limit_max = 100;

struct NotificationRow {
    std::string id;
    std::string type, title, message;
    std::string metadata_json;
    bool read = false;
    Instant created_at;
};

// The newest first. REQUIRES: 1 <= limit <= list_limit_max.
extern const db::Statement list;
db::Params list_params(const AccountId& account, std::int64_t limit, bool unread_only = false);
NotificationRow read_notification(const db::Rows& rows, std::size_t row);

// One row: `unread`, how many are not read yet.
extern const db::Statement count_unread;
db::Params count_unread_params(const AccountId& account);

// Sets `read` on those of `ids` that belong to the account; affected() says how many there were.
// REQUIRES: every id is a UUID.
extern const db::Statement mark_read;
db::Params mark_read_params(const AccountId& account, const std::vector<std::string>& ids,
                            bool read);

extern const db::Statement mark_all_read;
db::Params mark_all_read_params(const AccountId& account);

}  // namespace paydesk::notify
