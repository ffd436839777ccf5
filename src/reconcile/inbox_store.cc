#include "reconcile/inbox_store.h"

#include "db/array_param.h"

namespace paydesk::reconcile::inbox_store {

namespace {

const db::Statement find_known{"reconcile_known_events",
                               R"(select e.event_id from unnest($2::text[]) as k(id)
       cross join lateral (
           select t.event_id from paydesk.webhook_events t
           where t.provider = $1 and t.event_id = k.id limit 1) e)"};

const db::Statement find_due{"reconcile_due_events",
                             R"(select exists (select from paydesk.webhook_events
                      where status in ('received', 'failed') and next_attempt_at <= $1) as due)"};

const db::Statement find_on_their_way{"reconcile_on_their_way",
                                      R"(select distinct object_id from paydesk.webhook_events
       where status in ('received', 'failed') and provider = $1 and object_kind = $2
         and object_id = any ($3::text[]))"};

const db::Statement read_payloads{"reconcile_payloads_about",
                                  R"(select payload from paydesk.webhook_events
       where provider = $1 and object_kind = $2 and object_id = any ($3::text[])
         and status <> 'ignored'
       order by occurred_at, received_at, event_id limit $4)"};

const db::Statement drop_refund_links{"reconcile_drop_refund_links",
                                      R"(update paydesk.refunds r set payment_id = null
       where r.account_id = any ($1::text[]::uuid[]) and r.provider_refund_id is not null
         and r.payment_id is not null
         and not exists (select from paydesk.payments p
                         where p.account_id = r.account_id and p.id = r.payment_id))"};

const db::Statement drop_dispute_links{"reconcile_drop_dispute_links",
                                       R"(update paydesk.disputes d set payment_id = null
       where d.account_id = any ($1::text[]::uuid[]) and d.payment_id is not null
         and not exists (select from paydesk.payments p
                         where p.account_id = d.account_id and p.id = d.payment_id))"};

const db::Statement read_written{
    "reconcile_written_payments",
    R"(select p.account_id, p.source_kind || '/' || p.source_id as payment
       from paydesk.payments p
       where p.account_id = any ($1::text[]::uuid[])
         and p.xmin::text = pg_current_xact_id()::xid::text
       order by 2)"};

const db::Statement read_next_customer{"reconcile_next_customer",
                                       R"(select account_id, provider_customer_id
       from paydesk.customers
       where provider = $1 and provider_customer_id collate "C" > $2 and deleted_at is null
       order by provider_customer_id collate "C" limit 1)"};

const db::Statement read_lost{"reconcile_lost_methods",
                              R"(select r.provider_id from paydesk.provider_refs r
       where r.provider = $1 and r.kind = 'payment_method'
         and not exists (select from paydesk.payment_methods m
                         where m.account_id = r.account_id and m.provider = r.provider
                           and m.provider_payment_method_id = r.provider_id)
       order by 1 limit $2)"};

const db::Statement read_attached{"reconcile_attached_methods",
                                  R"(select provider_payment_method_id from paydesk.payment_methods
       where account_id = $2 and provider = $1 and detached_at is null)"};

template <class Texts>
db::Param texts(const Texts& values) {
    return db::column<std::string_view>(
        values, [](const std::string& value) -> std::string_view { return value; });
}

db::Param ids_of(const std::set<AccountId>& accounts) {
    return db::column<std::string_view>(
        accounts, [](const AccountId& account) -> std::string_view { return account.value; });
}

std::set<std::string> column_of(const db::Rows& rows, std::string_view column) {
    std::set<std::string> values;
    for (std::size_t i = 0; i < rows.size(); ++i) values.emplace(rows.text(i, column));
    return values;
}

}  // namespace

Task<std::set<std::string>> known(db::Database& db, provider::Name provider,
                                  std::vector<std::string> event_ids) {
    const auto rows =
        co_await db.run(find_known, {db::param(provider::to_string(provider)), texts(event_ids)});
    co_return column_of(rows, "event_id");
}

Task<bool> has_due(db::Database& db, Instant now) {
    const auto rows = co_await db.run(find_due, {db::param(now)});
    co_return rows.boolean(0, "due");
}

Task<std::set<std::string>> on_their_way(db::Tx& tx, provider::Name provider,
                                         provider::ObjectKind kind, std::vector<std::string> ids) {
    const auto rows =
        co_await tx.run(find_on_their_way, {db::param(provider::to_string(provider)),
                                            db::param(provider::to_string(kind)), texts(ids)});
    co_return column_of(rows, "object_id");
}

Task<std::vector<std::string>> payloads_about(db::Tx& tx, provider::Name provider,
                                              provider::ObjectKind kind,
                                              std::vector<std::string> ids) {
    const auto rows = co_await tx.run(read_payloads, {db::param(provider::to_string(provider)),
                                                      db::param(provider::to_string(kind)),
                                                      texts(ids), db::param(stored_events_max)});
    std::vector<std::string> payloads;
    for (std::size_t i = 0; i < rows.size(); ++i) payloads.emplace_back(rows.text(i, "payload"));
    co_return payloads;
}

Task<> drop_dangling_links(db::Tx& tx, std::set<AccountId> accounts) {
    if (accounts.empty()) co_return;
    co_await tx.run(drop_refund_links, {ids_of(accounts)});
    co_await tx.run(drop_dispute_links, {ids_of(accounts)});
}

Task<std::vector<Written>> written_payments(db::Tx& tx, std::set<AccountId> accounts) {
    std::vector<Written> written;
    if (accounts.empty()) co_return written;
    const auto rows = co_await tx.run(read_written, {ids_of(accounts)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        written.push_back({.payment = std::string(rows.text(i, "payment")),
                           .account = {std::string(rows.text(i, "account_id"))}});
    }
    co_return written;
}

Task<std::optional<Customer>> next_customer(db::Database& db, provider::Name provider,
                                            std::string after) {
    const auto rows = co_await db.run(read_next_customer,
                                      {db::param(provider::to_string(provider)), std::move(after)});
    if (rows.empty()) co_return std::nullopt;
    co_return Customer{.customer = {std::string(rows.text(0, "provider_customer_id"))},
                       .account = {std::string(rows.text(0, "account_id"))}};
}

Task<std::vector<provider::Ref>> lost_methods(db::Database& db, provider::Name provider) {
    const auto rows = co_await db.run(
        read_lost, {db::param(provider::to_string(provider)), db::param(lost_methods_max)});
    std::vector<provider::Ref> lost;
    for (std::size_t i = 0; i < rows.size(); ++i)
        lost.push_back({std::string(rows.text(i, "provider_id"))});
    co_return lost;
}

Task<std::set<std::string>> attached_methods(db::Database& db, provider::Name provider,
                                             AccountId account) {
    const auto rows =
        co_await db.run(read_attached, {db::param(provider::to_string(provider)), account.value});
    co_return column_of(rows, "provider_payment_method_id");
}

}  // namespace paydesk::reconcile::inbox_store
