#include "billing/customer_store.h"

#include "base/assert.h"
#include "billing/owner_store.h"

namespace paydesk::billing::customer_store {

namespace {

const db::Statement find_customer{
    "billing_find_customer",
    R"(select account_id, provider_customer_id, email, name, deleted_at is not null as deleted
       from paydesk.customers where account_id = $1 and provider = $2)"};

const db::Statement find_customer_for_update{
    "billing_find_customer_for_update",
    R"(select account_id, provider_customer_id, email, name, deleted_at is not null as deleted
       from paydesk.customers where account_id = $1 and provider = $2 for no key update)"};

// A customer that was deleted at the provider makes room for the next one.
const db::Statement record_customer{
    "billing_record_customer",
    R"(insert into paydesk.customers as c (account_id, provider, provider_customer_id, email, name)
       values ($1, $2, $3, $4, $5)
       on conflict (account_id, provider) do update
           set provider_customer_id = excluded.provider_customer_id,
               email = coalesce(excluded.email, c.email), name = coalesce(excluded.name, c.name),
               provider_stamp = null, deleted_at = null
           where c.provider_customer_id is null
              or (c.deleted_at is not null
                  and c.provider_customer_id <> excluded.provider_customer_id))"};

Customer read(const db::Rows& rows, provider::Name provider) {
    return {.account = {std::string(rows.text(0, "account_id"))},
            .provider = provider,
            .customer = {std::string(rows.text(0, "provider_customer_id"))},
            .email = rows.optional_text(0, "email"),
            .name = rows.optional_text(0, "name"),
            .deleted = rows.boolean(0, "deleted")};
}

}  // namespace

Task<std::optional<Customer>> find(db::Tx& tx, AccountId account, provider::Name provider,
                                   bool for_update) {
    const auto rows = co_await tx.run(for_update ? find_customer_for_update : find_customer,
                                      {account.value, db::param(provider::to_string(provider))});
    if (rows.empty()) co_return std::nullopt;
    co_return read(rows, provider);
}

Task<std::optional<AccountId>> account_of(db::Tx& tx, provider::Name provider,
                                          provider::Ref customer) {
    const owner_store::ObjectKey key{provider, provider::ObjectKind::customer, customer.value};
    const auto owners = co_await owner_store::find(tx, {key});
    if (owners.empty()) co_return std::nullopt;
    co_return owners.begin()->second;
}

Task<Customer> record(db::Tx& tx, Customer customer) {
    PD_ASSERT(!customer.customer.value.empty());
    const owner_store::ObjectKey key{customer.provider, provider::ObjectKind::customer,
                                     customer.customer.value};
    co_await owner_store::lock(tx, {key});
    co_await tx.run(record_customer,
                    {customer.account.value, db::param(provider::to_string(customer.provider)),
                     customer.customer.value, customer.email, customer.name});
    co_await owner_store::add(tx, {
                                      {key, customer.account}
    });
    co_await owner_store::release_waiting(tx, {key});

    const auto owner = co_await account_of(tx, customer.provider, customer.customer);
    if (!owner || *owner != customer.account) {
        throw db::Failure(
            "23505", "provider_refs_pkey",
            "the customer " + customer.customer.value + " belongs to another account already");
    }
    const auto stored = co_await find(tx, customer.account, customer.provider);
    PD_ASSERT(stored.has_value());
    co_return *stored;
}

}  // namespace paydesk::billing::customer_store
