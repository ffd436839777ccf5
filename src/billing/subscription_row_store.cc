// subscription_row.h's SQL.

#include <algorithm>

#include "billing/columns.h"
#include "billing/recordset.h"
#include "billing/subscription_row.h"

namespace paydesk::billing::subscription_rows {

namespace {

const db::Statement load_subscriptions{
    "billing_load_subscriptions",
    R"(select s.account_id, s.id, s.provider, s.provider_subscription_id, s.plan_key, s.plan_name,
              s.plan_family, s.billing_cycle, s.status, s.price_id, s.quantity, s.currency,
              s.unit_amount, s.current_period_start, s.current_period_end, s.cancel_at_period_end,
              s.cancel_at, s.canceled_at, s.ended_at, s.trial_start, s.trial_end, s.cancel_reason,
              s.default_payment_method_id, s.latest_invoice_id, s.collection_paused, s.livemode,
              s.provider_stamp, s.provider_created_at, s.cancel_feedback, s.cancel_comment,
              s.answered_at, s.revision
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as id) k
       cross join lateral (
           select t.*, t.xmin::text as revision from paydesk.subscriptions t
           where t.account_id = k.account_id and t.provider = k.provider
             and t.provider_subscription_id = k.id
           limit 1 for no key update) s)"};

const db::Statement load_items{
    "billing_load_subscription_items",
    R"(select i.subscription_id, i.provider_item_id, i.price_id, i.product_id, i.lookup_key,
              i.quantity, i.period_start, i.period_end
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[])::uuid as id) k
       cross join lateral (
           select t.subscription_id, t.provider_item_id, t.price_id, t.product_id, t.lookup_key,
                  t.quantity, t.period_start, t.period_end
           from paydesk.subscription_items t
           where t.account_id = k.account_id and t.subscription_id = k.id offset 0) i
       order by i.subscription_id, i.provider_item_id collate "C")"};

const db::Statement save_subscriptions{
    "billing_save_subscriptions",
    R"(insert into paydesk.subscriptions (account_id, id, provider, provider_subscription_id, plan_key,
           plan_name, plan_family, billing_cycle, status, price_id, quantity, currency, unit_amount,
           current_period_start, current_period_end, cancel_at_period_end, cancel_at, canceled_at,
           ended_at, trial_start, trial_end, cancel_reason, default_payment_method_id,
           latest_invoice_id, collection_paused, livemode, provider_stamp, provider_created_at,
           cancel_feedback, cancel_comment, answered_at)
       select r.account_id::uuid, r.id::uuid, r.provider, r.provider_subscription_id, r.plan_key,
           r.plan_name, r.plan_family, r.billing_cycle, r.status, r.price_id, r.quantity, r.currency,
           r.unit_amount, r.current_period_start, r.current_period_end, r.cancel_at_period_end,
           r.cancel_at, r.canceled_at, r.ended_at, r.trial_start, r.trial_end, r.cancel_reason,
           r.default_payment_method_id, r.latest_invoice_id, r.collection_paused, r.livemode,
           r.provider_stamp, r.provider_created_at, r.cancel_feedback, r.cancel_comment, r.answered_at
       from (select unnest($1::text[]) as account_id, unnest($2::text[]) as id,
                unnest($3::text[]) as provider, unnest($4::text[]) as provider_subscription_id,
                unnest($5::text[]) as plan_key, unnest($6::text[]) as plan_name,
                unnest($7::text[]) as plan_family, unnest($8::text[]) as billing_cycle,
                unnest($9::text[]) as status, unnest($10::text[]) as price_id,
                unnest($11::bigint[]) as quantity, unnest($12::text[]) as currency,
                unnest($13::bigint[]) as unit_amount,
                unnest($14::timestamptz[]) as current_period_start,
                unnest($15::timestamptz[]) as current_period_end,
                unnest($16::boolean[]) as cancel_at_period_end,
                unnest($17::timestamptz[]) as cancel_at,
                unnest($18::timestamptz[]) as canceled_at,
                unnest($19::timestamptz[]) as ended_at,
                unnest($20::timestamptz[]) as trial_start,
                unnest($21::timestamptz[]) as trial_end, unnest($22::text[]) as cancel_reason,
                unnest($23::text[]) as default_payment_method_id,
                unnest($24::text[]) as latest_invoice_id,
                unnest($25::boolean[]) as collection_paused,
                unnest($26::boolean[]) as livemode,
                unnest($27::timestamptz[]) as provider_stamp,
                unnest($28::timestamptz[]) as provider_created_at,
                unnest($29::text[]) as cancel_feedback, unnest($30::text[]) as cancel_comment,
                unnest($31::timestamptz[]) as answered_at) r
       on conflict (account_id, provider, provider_subscription_id) do update set
           plan_key = excluded.plan_key, plan_name = excluded.plan_name,
           plan_family = excluded.plan_family, billing_cycle = excluded.billing_cycle,
           status = excluded.status, price_id = excluded.price_id, quantity = excluded.quantity,
           currency = excluded.currency, unit_amount = excluded.unit_amount,
           current_period_start = excluded.current_period_start,
           current_period_end = excluded.current_period_end,
           cancel_at_period_end = excluded.cancel_at_period_end, cancel_at = excluded.cancel_at,
           canceled_at = excluded.canceled_at, ended_at = excluded.ended_at,
           trial_start = excluded.trial_start, trial_end = excluded.trial_end,
           cancel_reason = excluded.cancel_reason,
           default_payment_method_id = excluded.default_payment_method_id,
           latest_invoice_id = excluded.latest_invoice_id,
           collection_paused = excluded.collection_paused, livemode = excluded.livemode,
           provider_stamp = excluded.provider_stamp,
           provider_created_at = excluded.provider_created_at,
           cancel_feedback = excluded.cancel_feedback, cancel_comment = excluded.cancel_comment,
           answered_at = excluded.answered_at)"};

const db::Statement drop_items{"billing_drop_subscription_items",
                               R"(delete from paydesk.subscription_items i
       using json_to_recordset($1::json) as k(account_id uuid, id uuid, item text)
       where i.account_id = any (array(
                 select (json_array_elements($1::json) ->> 'account_id')::uuid))
         and i.account_id = k.account_id and i.subscription_id = k.id
         and i.provider_item_id = k.item)"};

const db::Statement save_items{
    "billing_save_subscription_items",
    R"(insert into paydesk.subscription_items (account_id, subscription_id, provider_item_id, price_id,
           product_id, lookup_key, quantity, period_start, period_end)
       select r.account_id::uuid, r.subscription_id::uuid, r.provider_item_id, r.price_id,
           r.product_id, r.lookup_key, r.quantity, r.period_start, r.period_end
       from (select unnest($1::text[]) as account_id, unnest($2::text[]) as subscription_id,
                unnest($3::text[]) as provider_item_id, unnest($4::text[]) as price_id,
                unnest($5::text[]) as product_id, unnest($6::text[]) as lookup_key,
                unnest($7::bigint[]) as quantity, unnest($8::timestamptz[]) as period_start,
                unnest($9::timestamptz[]) as period_end) r
       on conflict (account_id, subscription_id, provider_item_id) do update set
           price_id = excluded.price_id, product_id = excluded.product_id,
           lookup_key = excluded.lookup_key, quantity = excluded.quantity,
           period_start = excluded.period_start, period_end = excluded.period_end)"};

SubscriptionRow read_row(const db::Rows& rows, std::size_t i) {
    SubscriptionRow row{.id = std::string(rows.text(i, "id")),
                        .account = {std::string(rows.text(i, "account_id"))},
                        .provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                                         : provider::Name::stripe,
                        .subscription = std::string(rows.text(i, "provider_subscription_id")),
                        .stamp = rows.instant(i, "provider_stamp"),
                        .answered_at = rows.optional_instant(i, "answered_at"),
                        .revision = std::string(rows.text(i, "revision")),
                        .content = {}};
    auto& c = row.content;
    c.plan_key = rows.optional_text(i, "plan_key");
    c.plan_name = std::string(rows.text(i, "plan_name"));
    c.plan_family = std::string(rows.text(i, "plan_family"));
    c.billing_cycle = rows.optional_text(i, "billing_cycle");
    c.status = provider::parse_subscription_status(rows.text(i, "status")).value();
    c.price_id = rows.optional_text(i, "price_id");
    c.quantity = rows.integer(i, "quantity");
    c.currency = rows.optional_text(i, "currency");
    c.unit_amount = recordset::optional_integer(rows, i, "unit_amount");
    c.period_start = rows.optional_instant(i, "current_period_start");
    c.period_end = rows.optional_instant(i, "current_period_end");
    c.cancel_at_period_end = rows.boolean(i, "cancel_at_period_end");
    c.cancel_at = rows.optional_instant(i, "cancel_at");
    c.canceled_at = rows.optional_instant(i, "canceled_at");
    c.ended_at = rows.optional_instant(i, "ended_at");
    c.trial_start = rows.optional_instant(i, "trial_start");
    c.trial_end = rows.optional_instant(i, "trial_end");
    c.cancel_reason = rows.optional_text(i, "cancel_reason");
    c.default_payment_method = rows.optional_text(i, "default_payment_method_id");
    c.latest_invoice = rows.optional_text(i, "latest_invoice_id");
    c.collection_paused = rows.boolean(i, "collection_paused");
    c.livemode = rows.boolean(i, "livemode");
    c.provider_created_at = rows.optional_instant(i, "provider_created_at");
    c.cancel_feedback = rows.optional_text(i, "cancel_feedback");
    c.cancel_comment = rows.optional_text(i, "cancel_comment");
    return row;
}

// In the order of save_subscriptions' parameters.
db::Params to_params(const std::vector<SubscriptionRow>& rows) {
    using namespace columns;
    using Row = SubscriptionRow;
    using C = Row::Content;
    std::vector<const C*> c;
    for (const auto& row : rows) c.push_back(&row.content);
    return {texts(rows, &Row::account),
            texts(rows, &Row::id),
            texts(rows, &Row::provider),
            texts(rows, &Row::subscription),
            texts(c, &C::plan_key),
            texts(c, &C::plan_name),
            texts(c, &C::plan_family),
            texts(c, &C::billing_cycle),
            texts(c, [](const C* content) { return provider::to_string(content->status); }),
            texts(c, &C::price_id),
            numbers(c, &C::quantity),
            texts(c, &C::currency),
            numbers(c, &C::unit_amount),
            instants(c, &C::period_start),
            instants(c, &C::period_end),
            flags(c, &C::cancel_at_period_end),
            instants(c, &C::cancel_at),
            instants(c, &C::canceled_at),
            instants(c, &C::ended_at),
            instants(c, &C::trial_start),
            instants(c, &C::trial_end),
            texts(c, &C::cancel_reason),
            texts(c, &C::default_payment_method),
            texts(c, &C::latest_invoice),
            flags(c, &C::collection_paused),
            flags(c, &C::livemode),
            instants(rows, &Row::stamp),
            instants(c, &C::provider_created_at),
            texts(c, &C::cancel_feedback),
            texts(c, &C::cancel_comment),
            instants(rows, &Row::answered_at)};
}

// An item with the subscription that it is written for.
struct WrittenItem {
    const SubscriptionRow& of;
    const SubscriptionItemRow& item;
};

db::Params to_params(const std::vector<WrittenItem>& written) {
    using namespace columns;
    using Item = SubscriptionItemRow;
    std::vector<const Item*> items;
    for (const auto& w : written) items.push_back(&w.item);
    return {texts(written, [](const WrittenItem& w) -> const auto& { return w.of.account; }),
            texts(written, [](const WrittenItem& w) -> const auto& { return w.of.id; }),
            texts(items, &Item::item),
            texts(items, &Item::price),
            texts(items, &Item::product),
            texts(items, &Item::lookup_key),
            numbers(items, &Item::quantity),
            instants(items, &Item::period_start),
            instants(items, &Item::period_end)};
}

}  // namespace

Task<std::vector<SubscriptionRow>> load(db::Tx& tx,
                                        std::map<owner_store::ObjectKey, AccountId> keys) {
    std::vector<SubscriptionRow> loaded;
    if (keys.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_subscriptions, columns::keys(keys));
    if (rows.empty()) co_return loaded;

    std::map<std::string, std::size_t, std::less<>> by_id;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        loaded.push_back(read_row(rows, i));
        by_id.emplace(loaded.back().id, i);
    }
    const auto items =
        co_await tx.run(load_items, {columns::texts(loaded, &SubscriptionRow::account),
                                     columns::texts(loaded, &SubscriptionRow::id)});
    for (std::size_t i = 0; i < items.size(); ++i) {
        auto& row = loaded[by_id.find(items.text(i, "subscription_id"))->second];
        row.content.items.push_back({.item = std::string(items.text(i, "provider_item_id")),
                                     .price = std::string(items.text(i, "price_id")),
                                     .product = items.optional_text(i, "product_id"),
                                     .lookup_key = items.optional_text(i, "lookup_key"),
                                     .quantity = recordset::optional_integer(items, i, "quantity"),
                                     .period_start = items.optional_instant(i, "period_start"),
                                     .period_end = items.optional_instant(i, "period_end")});
    }
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<SubscriptionRow> rows, ItemChanges items) {
    if (rows.empty()) co_return;
    std::vector<WrittenItem> written;
    for (const auto& row : rows) {
        if (!items.written.contains(row.id)) continue;
        for (const auto& item : row.content.items) written.push_back({row, item});
    }
    json::array gone;
    for (const auto& item : items.gone) {
        gone.push_back(json::object{
            {"account_id", item.account.value},
            {"id",         item.subscription },
            {"item",       item.item         }
        });
    }
    co_await tx.run(save_subscriptions, to_params(rows));
    if (!gone.empty()) co_await tx.run(drop_items, {recordset::param(gone)});
    if (!written.empty()) co_await tx.run(save_items, to_params(written));
}

}  // namespace paydesk::billing::subscription_rows
