#include "billing/payment_method_row.h"

#include <algorithm>

#include "billing/columns.h"
#include "billing/recordset.h"

namespace paydesk::billing {

PaymentMethodRow::Content content_of(const provider::PaymentMethodSnapshot& snapshot) {
    PaymentMethodRow::Content content;
    content.attached = snapshot.customer.has_value();
    content.type = snapshot.type;
    content.brand = snapshot.brand;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (snapshot.last4 && snapshot.last4->size() == 4 &&
        std::ranges::all_of(*snapshot.last4, is_digit)) {
        content.last4 = snapshot.last4;
    }
    content.fingerprint = snapshot.fingerprint;
    const auto month = snapshot.exp_month.value_or(0);
    const auto year = snapshot.exp_year.value_or(0);
    if (month >= 1 && month <= 12 && year >= 1970 && year <= 9999) {
        content.exp_month = month;
        content.exp_year = year;
    }
    content.created_at = snapshot.created_at;
    return content;
}

namespace payment_method_rows {

namespace {

const db::Statement load_methods{
    "billing_load_payment_methods",
    R"(select m.account_id, m.id, m.provider, m.provider_payment_method_id, m.type, m.card_brand,
              m.card_last4, m.card_exp_month, m.card_exp_year, m.fingerprint, m.detached_at,
              m.provider_stamp, m.created_at, m.revision
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as id) k
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.payment_methods t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_payment_method_id = k.id
           limit 1 for no key update) m)"};

// A detached one is no default any more: the row's constraint.
const db::Statement save_methods{
    "billing_save_payment_methods",
    R"(insert into paydesk.payment_methods (account_id, id, provider, provider_payment_method_id, type,
           card_brand, card_last4, card_exp_month, card_exp_year, fingerprint, detached_at,
           provider_stamp, created_at)
       select unnest($1::text[])::uuid, unnest($2::text[])::uuid, unnest($3::text[]),
           unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), unnest($7::text[]),
           unnest($8::bigint[]), unnest($9::bigint[]), unnest($10::text[]),
           unnest($11::timestamptz[]), unnest($12::timestamptz[]), unnest($13::timestamptz[])
       on conflict (account_id, provider, provider_payment_method_id) do update set
           type = excluded.type, card_brand = excluded.card_brand,
           card_last4 = excluded.card_last4, card_exp_month = excluded.card_exp_month,
           card_exp_year = excluded.card_exp_year, fingerprint = excluded.fingerprint,
           detached_at = excluded.detached_at, provider_stamp = excluded.provider_stamp,
           created_at = excluded.created_at,
           is_default = payment_methods.is_default and excluded.detached_at is null)"};

const db::Statement set_defaults{"billing_refresh_default_payment_methods",
                                 R"(with wanted as (
           select c.account_id, c.provider,
                  coalesce(c.default_payment_method_id,
                           (select s.default_payment_method_id from paydesk.subscriptions s
                            where s.account_id = c.account_id and s.provider = c.provider
                              and s.status not in ('canceled', 'incomplete_expired')
                              and s.default_payment_method_id is not null
                            order by s.provider_created_at desc nulls last,
                                     s.provider_subscription_id desc
                            limit 1)) as method
           from paydesk.customers c
           where c.account_id = any ($1::text[]::uuid[]))
       update paydesk.payment_methods m
       set is_default = coalesce(m.provider_payment_method_id = w.method, false)
       from wanted w
       where m.account_id = any ($1::text[]::uuid[])
         and m.account_id = w.account_id and m.provider = w.provider and m.detached_at is null
         and m.is_default <> coalesce(m.provider_payment_method_id = w.method, false)
       returning m.account_id, m.is_default)"};

PaymentMethodRow read_row(const db::Rows& rows, std::size_t i) {
    PaymentMethodRow row{.id = std::string(rows.text(i, "id")),
                         .account = {std::string(rows.text(i, "account_id"))},
                         .provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                                          : provider::Name::stripe,
                         .payment_method = std::string(rows.text(i, "provider_payment_method_id")),
                         .stamp = rows.optional_instant(i, "provider_stamp").value_or(from_unix(0)),
                         .revision = std::string(rows.text(i, "revision")),
                         .detached_at = rows.optional_instant(i, "detached_at"),
                         .content = {}};
    auto& c = row.content;
    c.attached = !row.detached_at;
    c.type = std::string(rows.text(i, "type"));
    c.brand = rows.optional_text(i, "card_brand");
    c.last4 = rows.optional_text(i, "card_last4");
    c.fingerprint = rows.optional_text(i, "fingerprint");
    c.exp_month = recordset::optional_integer(rows, i, "card_exp_month");
    c.exp_year = recordset::optional_integer(rows, i, "card_exp_year");
    c.created_at = rows.instant(i, "created_at");
    return row;
}

// In the order of save_methods' parameters.
db::Params to_params(const std::vector<PaymentMethodRow>& rows) {
    using namespace columns;
    using Row = PaymentMethodRow;
    using C = Row::Content;
    std::vector<const C*> c;
    for (const auto& row : rows) c.push_back(&row.content);
    return {texts(rows, &Row::account),
            texts(rows, &Row::id),
            texts(rows, &Row::provider),
            texts(rows, &Row::payment_method),
            texts(c, &C::type),
            texts(c, &C::brand),
            texts(c, &C::last4),
            numbers(c, &C::exp_month),
            numbers(c, &C::exp_year),
            texts(c, &C::fingerprint),
            instants(rows, &Row::detached_at),
            instants(rows, &Row::stamp),
            instants(c, &C::created_at)};
}

}  // namespace

Task<std::vector<PaymentMethodRow>> load(db::Tx& tx,
                                         std::map<owner_store::ObjectKey, AccountId> keys) {
    std::vector<PaymentMethodRow> loaded;
    if (keys.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_methods, columns::keys(keys));
    for (std::size_t i = 0; i < rows.size(); ++i) loaded.push_back(read_row(rows, i));
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<PaymentMethodRow> rows) {
    if (!rows.empty()) co_await tx.run(save_methods, to_params(rows));
}

Task<std::set<AccountId>> refresh_defaults(db::Tx& tx, std::set<AccountId> accounts) {
    std::set<AccountId> moved;
    if (accounts.empty()) co_return moved;
    const auto rows = co_await tx.run(set_defaults, {columns::texts(accounts, std::identity{})});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows.boolean(i, "is_default"))
            moved.insert(AccountId{std::string(rows.text(i, "account_id"))});
    }
    co_return moved;
}

}  // namespace payment_method_rows

}  // namespace paydesk::billing
