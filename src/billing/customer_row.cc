#include "billing/customer_row.h"

#include "billing/recordset.h"

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
       where c.account_id = any (array(select json_array_elements_text($2::json)::uuid))
         and c.provider = $1
       for no key update)"};

const db::Statement save_customers{"billing_save_customers",
                                   R"(update paydesk.customers c
       set email = r.email, name = r.name, default_payment_method_id = r.default_payment_method_id,
           provider_stamp = r.provider_stamp, deleted_at = r.deleted_at
       from json_to_recordset($1::json) as r(account_id uuid, provider text, email text, name text,
           default_payment_method_id text, provider_stamp timestamptz, deleted_at timestamptz)
       where c.account_id = any (array(
                 select (json_array_elements($1::json) ->> 'account_id')::uuid))
         and c.account_id = r.account_id and c.provider = r.provider)"};

}  // namespace

Task<std::vector<CustomerRow>> load(db::Tx& tx, provider::Name provider,
                                    std::set<AccountId> accounts) {
    std::vector<CustomerRow> loaded;
    if (accounts.empty()) co_return loaded;
    std::vector<std::string> ids;
    for (const auto& account : accounts) ids.push_back(account.value);
    const auto rows = co_await tx.run(
        load_customers, {db::param(provider::to_string(provider)), recordset::texts(ids)});
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
    using recordset::value;
    if (rows.empty()) co_return;
    json::array customers;
    for (const auto& row : rows) {
        customers.push_back(json::object{
            {"account_id",                value(row.account.value)                 },
            {"provider",                  value(provider::to_string(row.provider)) },
            {"email",                     value(row.content.email)                 },
            {"name",                      value(row.content.name)                  },
            {"default_payment_method_id", value(row.content.default_payment_method)},
            {"provider_stamp",            value(row.stamp)                         },
            {"deleted_at",                value(row.deleted_at)                    }
        });
    }
    co_await tx.run(save_customers, {recordset::param(customers)});
}

}  // namespace customer_rows

}  // namespace paydesk::billing
