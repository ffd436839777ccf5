#include "notify/notifications.h"

#include "base/json.h"
#include "db/array_param.h"
#include "notify/email_kinds.h"

namespace paydesk::notify {

namespace {

// Only what is new wakes anyone and is mailed: an e-mail exists because its notification does. Postgres
// sends equal notifications of one transaction once, and takes 8,000 bytes in each: 200 accounts go in
// one. The address is that of the customer, which the buyer may change at the provider, else the
// account's.
const db::Statement add_notifications{"notify_add",
                                      R"(with told as (
           insert into paydesk.notifications
               (account_id, type, title, message, metadata, fact_key)
           select r.account_id, r.type, r.title, r.message, r.metadata, r.fact_key
           from json_to_recordset($1::json) as r(account_id uuid, type text, title text,
               message text, metadata jsonb, fact_key text)
           on conflict (account_id, fact_key) do nothing
           returning account_id, fact_key),
       mailed as (
           insert into paydesk.emails (account_id, fact_key, kind, recipient, language, data)
           select told.account_id, told.fact_key, r.type,
                  (select e from coalesce(c.email, a.email) e where e !~ '[[:cntrl:]]'),
                  a.language, r.details
           from told
           join (select distinct on (account_id, fact_key) account_id, fact_key, type, details
                 from json_to_recordset($1::json) as r(account_id uuid, fact_key text, type text,
                     details jsonb, mailed boolean)
                 where r.mailed) r on r.account_id = told.account_id and r.fact_key = told.fact_key
           left join paydesk.accounts a on a.account_id = told.account_id
           left join lateral (
               select c.email from paydesk.customers c
               where c.account_id = told.account_id and c.email is not null and c.deleted_at is null
               order by c.provider desc limit 1) c on true
           on conflict (account_id, fact_key) do nothing
           returning account_id),
       job as (
           insert into paydesk.jobs (kind) select $2 where exists (select from mailed)),
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
            {"fact_key",   notification.fact_key           },
            {"details",    std::move(notification.details) },
            {"mailed",     is_email_kind(notification.type)}
        });
    }
    const auto result = co_await tx.run(
        add_notifications, {storable(json::value(std::move(rows))), send_emails_job_kind});
    co_return static_cast<std::size_t>(result.integer(0, "added"));
}

Task<> wake(db::Tx& tx, std::set<AccountId> accounts) {
    if (accounts.empty()) co_return;
    co_await tx.run(wake_accounts,
                    {db::column<std::string_view>(
                        accounts, [](const AccountId& a) -> std::string_view { return a.value; })});
}

}  // namespace paydesk::notify
