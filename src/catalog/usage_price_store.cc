#include "catalog/usage_price_store.h"

#include "db/array_param.h"

namespace paydesk::catalog::usage_price_store {
namespace {

constexpr db::Statement retire{"catalog_retire_usage_prices", R"(
    update paydesk.usage_prices set is_active = false
    where is_active and provider = $1 and not provider_price_id = any ($2::text[]))"};

constexpr db::Statement save_rows{"catalog_save_usage_prices", R"(
    insert into paydesk.usage_prices (plan_key, metric, billing_cycle, currency, provider, provider_price_id,
                                      provider_product_id, lookup_key)
    select unnest($3::text[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]), $1, unnest($2::text[]),
           unnest($7::text[]), unnest($8::text[])
    on conflict (provider, provider_price_id) do update set
        plan_key = excluded.plan_key, metric = excluded.metric, billing_cycle = excluded.billing_cycle,
        currency = excluded.currency, provider_product_id = excluded.provider_product_id,
        lookup_key = excluded.lookup_key, is_active = true)"};

constexpr db::Statement select_active{"catalog_active_usage_prices", R"(
    select lookup_key from paydesk.usage_prices where is_active and provider = $1)"};

constexpr db::Statement select_beside{"catalog_usage_prices_beside", R"(
    select u.provider_price_id
    from paydesk.plan_prices q
    join paydesk.usage_prices u on u.provider = q.provider and u.plan_key = q.plan_key and u.currency = q.currency
        and u.billing_cycle = q.billing_cycle and u.is_active
    where q.provider = $1 and q.provider_price_id = $2
    order by u.metric, u.provider_price_id)"};

template <class Read>
db::Param texts(const std::vector<Row>& rows, Read read) {
    return db::column<std::string_view>(
        rows, [&](const Row& row) { return std::string_view(std::invoke(read, row)); });
}

}  // namespace

Task<> save(db::Tx& tx, provider::Name provider, std::vector<Row> rows) {
    const db::Param name = db::param(to_string(provider));
    const auto ids = [&] {
        return texts(rows,
                     [](const Row& row) -> std::string_view { return row.price.price.value; });
    };
    std::vector<std::string> currencies;
    for (const Row& row : rows) currencies.push_back(row.currency.lower_code());
    co_await tx.run(retire, {name, ids()});
    co_await tx.run(
        save_rows,
        {name, ids(), texts(rows, &Row::plan_key), texts(rows, &Row::metric),
         texts(rows, &Row::billing_cycle),
         db::column<std::string_view>(
             currencies, [](const std::string& code) { return std::string_view(code); }),
         texts(rows, [](const Row& row) -> std::string_view { return row.price.product.value; }),
         texts(rows, [](const Row& row) -> std::string_view { return row.price.lookup_key; })});
}

Task<std::set<std::string>> active(db::Database& db, provider::Name provider) {
    const db::Rows rows = co_await db.run(select_active, {db::param(to_string(provider))});
    std::set<std::string> keys;
    for (std::size_t row = 0; row < rows.size(); ++row) keys.emplace(rows.text(row, "lookup_key"));
    co_return keys;
}

Task<std::vector<provider::Ref>> beside(db::Database& db, provider::Name provider,
                                        provider::Ref plan_price) {
    const db::Rows rows = co_await db.run(
        select_beside, {db::param(to_string(provider)), std::move(plan_price.value)});
    std::vector<provider::Ref> prices;
    for (std::size_t row = 0; row < rows.size(); ++row)
        prices.push_back({std::string(rows.text(row, "provider_price_id"))});
    co_return prices;
}

}  // namespace paydesk::catalog::usage_price_store
