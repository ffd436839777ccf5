#include "billing/customer_row.h"

#include "billing/columns.h"

namespace paydesk::billing {

CustomerRow::Content content_of(const provider::CustomerSnapshot& snapshot,
                                const CustomerRow::Content& before) {
    if (snapshot.deleted) {
        return {.email = before.email,
                .name = before.name,
                .default_payment_method = std::nullopt,
                .deleted = true};
    }
    CustomerRow::Content content;
    content.email = snapshot.email;
    content.name = snapshot.name;
    if (snapshot.default_payment_method) {
        content.default_payment_method = snapshot.default_payment_method->value;
    }
    return content;
}

namespace customer_rows {

namespace {

const db::Statement load_customers{
    "billing_load_customers",
    R"(select c.account_id, c.provider, c.provider_customer_id, c.email, c.name,
              c.default_payment_method_id, c.provider_stamp, c.deleted_at, c.xmin::text as revision
       from paydesk.customers c
       where c.account_id = any ($2::text[]::uuid[]) and c.provider = $1
       for no key update)"};

const db::Statement save_customers{"billing_save_customers",
                                   R"(update paydesk.customers c
       set email = r.email, name = r.name, default_payment_method_id = r.default_payment_method_id,
           provider_stamp = r.provider_stamp, deleted_at = r.deleted_at
       from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
                 unnest($3::text[]) as email, unnest($4::text[]) as name,
                 unnest($5::text[]) as default_payment_method_id,
                 unnest($6::timestamptz[]) as provider_stamp,
                 unnest($7::timestamptz[]) as deleted_at) r
       where c.account_id = any ($1::text[]::uuid[])
         and c.account_id = r.account_id and c.provider = r.provider)"};

}  // namespace

Task<std::vector<CustomerRow>> load(db::Tx& tx, provider::Name provider,
                                    std::set<AccountId> accounts) {
    std::vector<CustomerRow> loaded;
    if (accounts.empty()) co_return loaded;
    const auto rows = co_await tx.run(load_customers, {db::param(provider::to_string(provider)),
                                                       columns::texts(accounts, std::identity{})});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CustomerRow row{.account = {std::string(rows.text(i, "account_id"))},
                        .provider = provider,
                        .customer = rows.optional_text(i, "provider_customer_id"),
                        .stamp = rows.optional_instant(i, "provider_stamp"),
                        .revision = std::string(rows.text(i, "revision")),
                        .deleted_at = rows.optional_instant(i, "deleted_at"),
                        .content = {}};
        row.content.email = rows.optional_text(i, "email");
        row.content.name = rows.optional_text(i, "name");
        row.content.default_payment_method = rows.optional_text(i, "default_payment_method_id");
        row.content.deleted = row.deleted_at.has_value();
        loaded.push_back(std::move(row));
    }
    co_return loaded;
}

Task<> save(db::Tx& tx, std::vector<CustomerRow> rows) {
    using namespace columns;
    using Row = CustomerRow;
    using C = Row::Content;
    if (rows.empty()) co_return;
    std::vector<const C*> c;
    for (const auto& row : rows) c.push_back(&row.content);
    co_await tx.run(save_customers,
                    {texts(rows, &Row::account), texts(rows, &Row::provider), texts(c, &C::email),
                     texts(c, &C::name), texts(c, &C::default_payment_method),
                     instants(rows, &Row::stamp), instants(rows, &Row::deleted_at)});
}

}  // namespace customer_rows

}  // namespace paydesk::billing
