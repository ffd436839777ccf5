#include "transfer/import_store.h"

namespace paydesk::transfer::import_store {

namespace {

const db::Statement insert_account{"import_add_account",
                                   R"(insert into paydesk.accounts (account_id, email, name)
       values ($1, $2, $3) on conflict (account_id) do nothing)"};

const db::Statement insert_notification{"import_add_notification",
                                        R"(insert into paydesk.notifications
           (account_id, type, title, message, read, metadata, fact_key, created_at)
       select $1, o ->> 'type', o ->> 'title', o ->> 'message', coalesce((o ->> 'read')::boolean, false),
              case jsonb_typeof(o -> 'metadata') when 'object' then o -> 'metadata' else '{}' end, $2,
              (o ->> 'created_at')::timestamptz
       from (select $3::jsonb as o) t
       on conflict (account_id, fact_key) do nothing)"};

const db::Statement find_account{"import_account_of",
                                 R"(select account_id from paydesk.accounts
       where lower(email) = lower($1) limit 2)"};

const db::Statement find_this{"import_has_account",
                              R"(select 1 from paydesk.accounts where account_id = $1)"};

const db::Statement find_grant{"import_has_grant",
                               R"(select 1 from paydesk.credit_grants
       where account_id = $1 and fact_key = $2)"};

}  // namespace

Task<bool> add_account(db::Tx& tx, std::string account, std::optional<std::string> email,
                       std::optional<std::string> name) {
    const auto rows =
        co_await tx.run(insert_account, {std::move(account), std::move(email), std::move(name)});
    co_return rows.affected() > 0;
}

Task<bool> add_notification(db::Tx& tx, std::string account, std::string fact_key,
                            std::string object) {
    const auto rows = co_await tx.run(insert_notification,
                                      {std::move(account), std::move(fact_key), std::move(object)});
    co_return rows.affected() > 0;
}

Task<std::optional<AccountId>> account_of(db::Tx& tx, std::string email) {
    const auto rows = co_await tx.run(find_account, {std::move(email)});
    if (rows.size() != 1) co_return std::nullopt;
    co_return AccountId{std::string(rows.text(0, "account_id"))};
}

Task<bool> has_account(db::Tx& tx, std::string account) {
    const auto rows = co_await tx.run(find_this, {std::move(account)});
    co_return !rows.empty();
}

Task<bool> has_grant(db::Tx& tx, std::string account, std::string fact_key) {
    const auto rows = co_await tx.run(find_grant, {std::move(account), std::move(fact_key)});
    co_return !rows.empty();
}

}  // namespace paydesk::transfer::import_store
