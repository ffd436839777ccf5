#include "billing/credit_families.h"

#include "base/assert.h"
#include "base/json.h"
#include "billing/columns.h"

namespace paydesk::billing {

namespace {

const db::Statement find_families{"billing_credit_families", R"(
    select k.account_id, k.provider, k.subscription, coalesce(s.plan_family, 'main') as family,
           exists (select from paydesk.plans p
                   where p.plan_family = coalesce(s.plan_family, 'main') and p.kind = 'plan'
                     and p.credits_per_month > 0) as gives_credits,
           (select coalesce(json_agg(distinct o.plan_family), '[]') from paydesk.subscriptions o
            where o.account_id = k.account_id and o.plan_key is not null
              and o.status in ('active', 'trialing', 'past_due')
              and (o.provider, o.provider_subscription_id) <> (k.provider, k.subscription))::text
               as others
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
              unnest($3::text[]) as subscription) k
    left join lateral (
        select t.plan_family from paydesk.subscriptions t
        where t.account_id = k.account_id and t.provider = k.provider
          and t.provider_subscription_id = k.subscription limit 1) s on true)"};

}  // namespace

Task<std::map<CreditFamilyKey, CreditFamily>> credit_families(db::Tx& tx,
                                                              std::set<CreditFamilyKey> keys) {
    using columns::texts;
    using Key = CreditFamilyKey;
    std::map<CreditFamilyKey, CreditFamily> families;
    if (keys.empty()) co_return families;
    const auto rows = co_await tx.run(
        find_families,
        {texts(keys, &Key::account), texts(keys, &Key::provider), texts(keys, &Key::subscription)});
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto text = [&](std::string_view column) {
            return std::string(rows.text(row, column));
        };
        const auto others = parse_json(rows.text(row, "others"));
        PD_ASSERT(others.has_value());  // json_agg
        CreditFamily family{.name = text("family"),
                            .gives_credits = rows.boolean(row, "gives_credits"),
                            .others = {}};
        for (const json::value& other : others->as_array())
            family.others.emplace(other.as_string());
        families.emplace(Key{text("account_id"), text("provider"), text("subscription")},
                         std::move(family));
    }
    co_return families;
}

}  // namespace paydesk::billing
