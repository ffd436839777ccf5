#include "api/notification_store.h"

namespace paydesk::api::notification_store {

#define NOTIFICATION_COLUMNS                                                                 \
    "select n.id, n.account_id as user_id, n.type, n.title, n.message, n.read, n.metadata, " \
    "n.created_at from paydesk.notifications n "

const db::Statement list{"notifications_page", NOTIFICATION_COLUMNS R"(
    where n.account_id = $1 and not ($2::boolean and n.read)
      and ($4::uuid is null or (n.created_at, n.id) <
           (select b.created_at, b.id from paydesk.notifications b
            where b.account_id = $1 and b.id = $4))
    order by n.created_at desc, n.id desc
    limit $3)"};

const db::Statement exists{"notifications_exists", R"(
    select id from paydesk.notifications where account_id = $1 and id = $2)"};

const db::Statement count_unread{"notifications_count_unread", R"(
    select count(*) as unread from paydesk.notifications where account_id = $1 and not read)"};

const db::Statement mark{"notifications_mark", R"(
    update paydesk.notifications set read = $3 where account_id = $1 and id = any ($2::uuid[]))"};

const db::Statement mark_all{"notifications_mark_all", R"(
    update paydesk.notifications set read = $2 where account_id = $1 and read <> $2)"};

const db::Statement since{"notifications_since", NOTIFICATION_COLUMNS R"(
    where n.account_id = $1 and (n.created_at, n.id) >
          (select b.created_at, b.id from paydesk.notifications b
           where b.account_id = $1 and b.id = $2)
    order by n.created_at, n.id
    limit 100)"};

const db::Statement recent{"notifications_recent", NOTIFICATION_COLUMNS R"(
    where n.account_id = $1 and n.created_at > $2
    order by n.created_at desc, n.id desc
    limit 100)"};

const db::Statement moment{"notifications_moment", "select now() as now"};

}  // namespace paydesk::api::notification_store
