#include "notify/notifications.h"

#include "base/json.h"
#include "db/array_param.h"
#include "notify/email_kinds.h"

namespace paydesk::notify {

namespace {

const db::Statement add_notifications{"notify_add",
                                      R"(insert into paydesk.notifications
           (account_id, type, title, message, metadata, fact_key)
       select unnest($1::text[])::uuid, unnest($2::text[]), unnest($3::text[]), unnest($4::text[]),
           unnest($5::text[])::jsonb, unnest($6::text[])
       on conflict (account_id, fact_key) do nothing
       returning account_id, fact_key)"};

// Recipient and language are found when it is sent: as they are then.
const db::Statement add_emails{"notify_add_emails",
                               R"(with mailed as (
           insert into paydesk.emails (account_id, fact_key, kind, data)
           select unnest($1::text[])::uuid, unnest($2::text[]), unnest($3::text[]),
               unnest($4::text[])::jsonb
           on conflict (account_id, fact_key) do nothing
           returning account_id)
       insert into paydesk.jobs (kind) select $5 where exists (select from mailed))"};

// Postgres sends equal notifications of one transaction once, and takes 8,000 bytes in each: 200
// accounts go in one.
const db::Statement wake_accounts{"notify_wake",
                                  R"(select pg_notify('paydesk_account', string_agg(account, ','))
       from unnest($1::text[]) with ordinality as a(account, n)
       group by n / 200)"};

db::Param column(const std::vector<std::string>& texts) {
    return db::column<std::string_view>(
        texts, [](const std::string& text) -> std::string_view { return text; });
}

// Takes their metadata.
db::Params notification_params(std::vector<Notification>& told) {
    std::vector<std::string> accounts, types, titles, messages, metadata, facts;
    for (Notification& one : told) {
        one.fact_key = without_nul(one.fact_key);
        accounts.push_back(one.account.value);
        types.push_back(one.type);
        titles.push_back(without_nul(one.title));
        messages.push_back(without_nul(one.message));
        metadata.push_back(storable(json::value(std::move(one.metadata))));
        facts.push_back(one.fact_key);
    }
    return {column(accounts), column(types),    column(titles),
            column(messages), column(metadata), column(facts)};
}

// Takes their details.
db::Params email_params(std::vector<Notification*> mailed) {
    std::vector<std::string> accounts, facts, types, details;
    for (Notification* one : mailed) {
        accounts.push_back(one->account.value);
        facts.push_back(one->fact_key);
        types.push_back(one->type);
        details.push_back(storable(json::value(std::move(one->details))));
    }
    return {column(accounts), column(facts), column(types), column(details),
            db::param(send_emails_job_kind)};
}

}  // namespace

Task<std::size_t> add(db::Tx& tx, std::vector<Notification> notifications,
                      std::set<AccountId> also_woken) {
    if (notifications.empty()) {
        co_await wake(tx, std::move(also_woken));
        co_return 0;
    }
    const auto added = co_await tx.run(add_notifications, notification_params(notifications));

    // Only what is new wakes anyone and is mailed: an e-mail exists because its notification does.
    std::set<std::pair<std::string, std::string>> is_new;
    for (std::size_t i = 0; i < added.size(); ++i) {
        is_new.emplace(added.text(i, "account_id"), added.text(i, "fact_key"));
        also_woken.insert(AccountId{std::string(added.text(i, "account_id"))});
    }
    std::vector<Notification*> mailed;
    for (auto& notification : notifications) {
        // Of several tellings of one fact the first was taken.
        if (is_new.erase({notification.account.value, notification.fact_key}) == 0) continue;
        if (is_email_kind(notification.type)) mailed.push_back(&notification);
    }
    if (!mailed.empty()) co_await tx.run(add_emails, email_params(std::move(mailed)));
    co_await wake(tx, std::move(also_woken));
    co_return added.size();
}

Task<> wake(db::Tx& tx, std::set<AccountId> accounts) {
    if (accounts.empty()) co_return;
    co_await tx.run(wake_accounts,
                    {db::column<std::string_view>(
                        accounts, [](const AccountId& a) -> std::string_view { return a.value; })});
}

}  // namespace paydesk::notify
