#include "billing/owner_store.h"

#include "db/array_param.h"

namespace paydesk::billing::owner_store {

namespace {

const db::Statement lock_objects{
    "billing_lock_objects",
    R"(select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
              count(pg_advisory_xact_lock(k.key))
       from (select distinct hashtextextended(name, 7410) as key
             from unnest($1::text[]) as name order by 1) k)"};

const db::Statement find_owners{"billing_find_owners",
                                R"(select r.provider, r.kind, r.provider_id, r.account_id
       from (select unnest($1::text[]) as provider, unnest($2::text[]) as kind,
                unnest($3::text[]) as provider_id) k
       cross join lateral (
           select p.provider, p.kind, p.provider_id, p.account_id from paydesk.provider_refs p
           where p.provider = k.provider and p.kind = k.kind and p.provider_id = k.provider_id
           limit 1) r)"};

const db::Statement find_accounts{"billing_find_accounts",
                                  R"(select account_id from paydesk.accounts
       where account_id = any ($1::text[]::uuid[]))"};

const db::Statement add_owners{
    "billing_add_owners",
    R"(insert into paydesk.provider_refs (provider, kind, provider_id, account_id)
       select k.provider, k.kind, k.provider_id, k.account_id::uuid
       from (select unnest($1::text[]) as provider, unnest($2::text[]) as kind,
                unnest($3::text[]) as provider_id, unnest($4::text[]) as account_id) k
       on conflict (provider, kind, provider_id) do nothing)"};

const db::Statement adopt{
    "billing_adopt_customers",
    R"(insert into paydesk.customers as c (account_id, provider, provider_customer_id)
       select distinct on (k.account_id, k.provider) k.account_id::uuid, k.provider, k.provider_id
       from (select unnest($1::text[]) as provider, unnest($2::text[]) as kind,
                unnest($3::text[]) as provider_id, unnest($4::text[]) as account_id) k
       order by k.account_id, k.provider, k.provider_id
       on conflict (account_id, provider) do update
           set provider_customer_id = excluded.provider_customer_id
           where c.provider_customer_id is null)"};

const db::Statement release{"billing_release_waiting",
                            R"(update paydesk.webhook_events e
       set next_attempt_at = e.received_at, attempts = 0
       where e.ctid = any (array(
           select w.ctid
           from (select unnest($1::text[]) as provider, unnest($2::text[]) as kind,
                    unnest($3::text[]) as provider_id) k
           cross join lateral (
               select t.ctid from paydesk.webhook_events t
               where t.provider = k.provider and t.waiting_for = k.provider_id
                 and t.status = 'waiting' for update skip locked) w)))"};

// provider[], kind[], provider_id[] of the keys, which `key_of` finds in each element.
template <class Keys, class KeyOf>
db::Params key_params(const Keys& keys, KeyOf key_of) {
    using std::string_view;
    return {
        db::column<string_view>(
            keys, [&](const auto& k) { return provider::to_string(key_of(k).provider); }),
        db::column<string_view>(keys,
                                [&](const auto& k) { return provider::to_string(key_of(k).kind); }),
        db::column<string_view>(keys, [&](const auto& k) -> string_view { return key_of(k).id; })};
}

db::Params to_params(const std::set<ObjectKey>& keys) {
    return key_params(keys, [](const ObjectKey& key) -> const ObjectKey& { return key; });
}

db::Params to_params(const std::map<ObjectKey, AccountId>& owners) {
    auto params =
        key_params(owners, [](const auto& owner) -> const ObjectKey& { return owner.first; });
    params.push_back(db::column<std::string_view>(
        owners, [](const auto& owner) -> std::string_view { return owner.second.value; }));
    return params;
}

db::Param texts(const std::vector<std::string>& values) {
    return db::column<std::string_view>(
        values, [](const std::string& value) -> std::string_view { return value; });
}

provider::ObjectKind parse_kind(std::string_view text) {
    using enum provider::ObjectKind;
    for (const auto kind : {customer, subscription, invoice, payment_method, checkout, charge,
                            refund, dispute, other}) {
        if (provider::to_string(kind) == text) return kind;
    }
    return other;
}

provider::Name parse_provider(std::string_view text) {
    return text == provider::to_string(provider::Name::paypal) ? provider::Name::paypal
                                                               : provider::Name::stripe;
}

}  // namespace

Task<> lock(db::Tx& tx, std::set<ObjectKey> keys) {
    if (keys.empty()) co_return;
    std::vector<std::string> names;
    names.reserve(keys.size());
    for (const auto& key : keys) {
        names.push_back(std::string(provider::to_string(key.provider)) + '/' +
                        std::string(provider::to_string(key.kind)) + '/' + key.id);
    }
    co_await tx.run(lock_objects, {texts(names)});
}

Task<std::map<ObjectKey, AccountId>> find(db::Tx& tx, std::set<ObjectKey> keys) {
    std::map<ObjectKey, AccountId> owners;
    if (keys.empty()) co_return owners;
    const auto rows = co_await tx.run(find_owners, to_params(keys));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        owners.emplace(
            ObjectKey{parse_provider(rows.text(i, "provider")), parse_kind(rows.text(i, "kind")),
                      std::string(rows.text(i, "provider_id"))},
            AccountId{std::string(rows.text(i, "account_id"))});
    }
    co_return owners;
}

Task<std::set<AccountId>> existing_accounts(db::Tx& tx, std::set<AccountId> accounts) {
    std::set<AccountId> existing;
    if (accounts.empty()) co_return existing;
    std::vector<std::string> ids;
    for (const auto& account : accounts) ids.push_back(account.value);
    const auto rows = co_await tx.run(find_accounts, {texts(ids)});
    for (std::size_t i = 0; i < rows.size(); ++i) {
        existing.insert(AccountId{std::string(rows.text(i, "account_id"))});
    }
    co_return existing;
}

Task<> add(db::Tx& tx, std::map<ObjectKey, AccountId> owners) {
    if (!owners.empty()) co_await tx.run(add_owners, to_params(owners));
}

Task<> adopt_customers(db::Tx& tx, std::map<ObjectKey, AccountId> customers) {
    if (!customers.empty()) co_await tx.run(adopt, to_params(customers));
}

Task<> release_waiting(db::Tx& tx, std::set<ObjectKey> keys) {
    if (!keys.empty()) co_await tx.run(release, to_params(keys));
}

}  // namespace paydesk::billing::owner_store
