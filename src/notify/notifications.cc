#include "notify/notifications.h"

#include "base/json.h"
#include "db/array_param.h"

namespace paydesk::notify {

namespace {

// Only what is new wakes anyone. Postgres sends equal notifications of one transaction once, and takes
// 8,000 bytes in each: 200 accounts go in one.
const db::Statement add_notifications{"notify_add",
                                      R"(with told as (
           insert into paydesk.notifications
               (account_id, type, title, message, metadata, fact_key)
           select r.account_id, r.type, r.title, r.message, r.metadata, r.fact_key
           from json_to_recordset($1::json) as r(account_id uuid, type text, title text,
               message text, metadata jsonb, fact_key text)
           on conflict (account_id, fact_key) do nothing
           returning account_id),
       numbered as (
           select account_id, (row_number() over ()) / 200 as part
           from (select distinct account_id from told) d),
       woken as (
           select pg_notify('paydesk_account', string_agg(account_id::text, ','))
           from numbered group by part)
       select (select count(*) from told) as added, (select count(*) from woken) as parts)"};

const db::Statement wake_accounts{"notify_wake",
                                  R"(select pg_notify('paydesk_account', string_agg(account, ','))
       from unnest($1::text[]) with ordinality as a(account, n)
       group by n / 200)"};

}  // namespace

Task<std::size_t> add(db::Tx& tx, std::vector<Notification> notifications) {
    if (notifications.empty()) co_return 0;
    json::array rows;
    rows.reserve(notifications.size());
    for (auto& notification : notifications) {
        rows.push_back(json::object{
            {"account_id", notification.account.value      },
            {"type",       notification.type               },
            {"title",      notification.title              },
            {"message",    notification.message            },
            {"metadata",   std::move(notification.metadata)},
            {"fact_key",   notification.fact_key           }
        });
    }
    const auto result =
        co_await tx.run(add_notifications, {storable(json::value(std::move(rows)))});
    co_return static_cast<std::size_t>(result.integer(0, "added"));
}

Task<> wake(db::Tx& tx, std::set<AccountId> accounts) {
    if (accounts.empty()) co_return;
    co_await tx.run(wake_accounts,
                    {db::column<std::string_view>(
                        accounts, [](const AccountId& a) -> std::string_view { return a.value; })});
}

}  // namespace paydesk::notify
