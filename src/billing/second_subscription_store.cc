#include "billing/second_subscription_store.h"

#include "base/assert.h"
#include "billing/columns.h"
#include "billing/provider_name.h"
#include "billing/second_subscription_flow.h"

namespace paydesk::billing::second_subscription_store {
namespace {

// Two of Stripe's are Stripe's to refuse: its checkout is expired before another begins. A PayPal approval
// link can't be taken back.
#define EARLIER_LIVE                                                                        \
    "select o.provider, o.provider_subscription_id from paydesk.subscriptions o "           \
    "where o.account_id = s.account_id and o.plan_family = s.plan_family and o.id <> s.id " \
    "and o.status in ('active', 'trialing', 'past_due') "                                   \
    "and (o.provider = 'paypal' or s.provider = 'paypal') "                                 \
    "and (o.created_at, o.id) < (s.created_at, s.id)"

constexpr db::Statement insert_jobs{"second_subscription_note", R"(
    insert into paydesk.jobs (kind, account_id, payload, run_at, unique_key, max_attempts)
    select $4, s.account_id,
           jsonb_build_object('account_id', s.account_id, 'provider', s.provider,
                              'subscription', s.provider_subscription_id),
           $5, s.provider_subscription_id, 100
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as provider,
              unnest($3::text[]) as subscription) k
    cross join lateral (
        select t.* from paydesk.subscriptions t
        where t.account_id = k.account_id and t.provider = k.provider
          and t.provider_subscription_id = k.subscription limit 1) s
    where exists ()" EARLIER_LIVE R"()
    on conflict do nothing)"};

constexpr db::Statement select_before{"second_subscription_before", R"(
    select b.provider, b.provider_subscription_id
    from paydesk.subscriptions s cross join lateral ()" EARLIER_LIVE R"() b
    where s.account_id = $1 and s.provider = $2 and s.provider_subscription_id = $3
      and s.status in ('active', 'trialing', 'past_due')
      and not s.cancel_at_period_end and s.cancel_at is null)"};

}  // namespace

Task<> note(db::Tx& tx, std::set<Key> keys, Instant now) {
    using columns::texts;
    if (keys.empty()) co_return;
    co_await tx.run(insert_jobs, {texts(keys, &Key::account), texts(keys, &Key::provider),
                                  texts(keys, &Key::subscription),
                                  std::string(second_subscription_job_kind), db::param(now)});
}

Task<std::vector<Key>> before(db::Tx& tx, Key key) {
    const auto rows = co_await tx.run(
        select_before,
        {key.account.value, db::param(provider::to_string(key.provider)), key.subscription});
    std::vector<Key> found;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto name = parse_provider(rows.text(i, "provider"));
        PD_ASSERT(name.has_value());
        found.push_back(
            {key.account, *name, std::string(rows.text(i, "provider_subscription_id"))});
    }
    co_return found;
}

std::optional<Key> read_key(const boost::json::value& payload) {
    const auto account = string_at(payload, {"account_id"}),
               subscription = string_at(payload, {"subscription"}),
               provider = string_at(payload, {"provider"});
    if (!account || !subscription || !provider) return std::nullopt;
    const auto name = parse_provider(*provider);
    if (!name) return std::nullopt;
    return Key{{*account}, *name, *subscription};
}

}  // namespace paydesk::billing::second_subscription_store
