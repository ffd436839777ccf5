#include "notify/notification_store.h"

#include <boost/json.hpp>

#include "base/assert.h"

namespace paydesk::notify {

const db::Statement list{
    "notify_list",
    R"(select n.account_id, n.id, n.type, n.title, n.message, n.metadata, n.read, n.created_at
       from paydesk.notifications n
       where n.account_id = $1 and not (n.read and $3)
         and ($4::uuid is null
              or (n.created_at, n.id) < (select l.created_at, l.id from paydesk.notifications l
                                         where l.account_id = $1 and l.id = $4))
       order by n.created_at desc, n.id desc limit $2)"};

const db::Statement list_since{
    "notify_list_since",
    R"(select n.account_id, n.id, n.type, n.title, n.message, n.metadata, n.read, n.created_at
       from paydesk.notifications n
       where n.account_id = $1
         and (n.created_at, n.id) > (select l.created_at, l.id from paydesk.notifications l
                                     where l.account_id = $1 and l.id = $2)
       order by n.created_at, n.id limit $3)"};

const db::Statement count_unread{
    "notify_count_unread",
    "select count(*) as unread from paydesk.notifications where account_id = $1 and not read"};

const db::Statement mark_read{"notify_mark_read",
                              R"(update paydesk.notifications set read = $3
       where account_id = $1 and read <> $3
         and id in (select i::uuid from json_array_elements_text($2::json) i))"};

const db::Statement mark_all{
    "notify_mark_all",
    "update paydesk.notifications set read = $2 where account_id = $1 and read <> $2"};

db::Params list_params(const AccountId& account, std::int64_t limit, bool unread_only,
                       const std::optional<std::string>& starting_after) {
    PD_ASSERT(limit >= 1 && limit <= list_limit_max);
    return {account.value, db::param(limit), db::param(unread_only), starting_after};
}

db::Params list_since_params(const AccountId& account, const std::string& last_seen,
                             std::int64_t limit) {
    PD_ASSERT(limit >= 1 && limit <= list_limit_max);
    return {account.value, last_seen, db::param(limit)};
}

NotificationRow read_notification(const db::Rows& rows, std::size_t row) {
    return {.id = std::string(rows.text(row, "id")),
            .account = {std::string(rows.text(row, "account_id"))},
            .type = std::string(rows.text(row, "type")),
            .title = std::string(rows.text(row, "title")),
            .message = std::string(rows.text(row, "message")),
            .metadata_json = std::string(rows.text(row, "metadata")),
            .read = rows.boolean(row, "read"),
            .created_at = rows.instant(row, "created_at")};
}

db::Params count_unread_params(const AccountId& account) { return {account.value}; }

db::Params mark_read_params(const AccountId& account, const std::vector<std::string>& ids,
                            bool read) {
    boost::json::array array;
    for (const auto& id : ids) array.emplace_back(id);
    return {account.value, boost::json::serialize(array), db::param(read)};
}

db::Params mark_all_params(const AccountId& account, bool read) {
    return {account.value, db::param(read)};
}

}  // namespace paydesk::notify
