#include "billing/reminder_store.h"

namespace paydesk::billing::reminder_store {
namespace {

// The keys are decide_facts.h's: whoever tells first, the provider's event or we, it is told once.
constexpr db::Statement select_trials{"reminders_trials", R"(
    select s.account_id, s.provider_subscription_id, s.plan_name, s.trial_end as at
    from paydesk.subscriptions s
    where s.provider = $1 and s.status = 'trialing' and s.trial_end > $2 and s.trial_end <= $3
      and not s.cancel_at_period_end and s.cancel_at is null
      and not exists (select from paydesk.notifications n
                      where n.account_id = s.account_id
                        and n.fact_key = format('trial_ending:%s:%s', s.provider_subscription_id,
                                                floor(extract(epoch from s.trial_end))::bigint))
    order by s.trial_end limit $4)"};

constexpr db::Statement select_renewals{"reminders_renewals", R"(
    select s.account_id, s.provider_subscription_id, s.plan_name, s.current_period_end as at
    from paydesk.subscriptions s
    where s.provider = $1 and s.status = 'active' and s.billing_cycle = 'yearly'
      and s.current_period_end > $2 and s.current_period_end <= $3
      and not s.cancel_at_period_end and s.cancel_at is null and not s.collection_paused
      and not exists (select from paydesk.notifications n
                      where n.account_id = s.account_id
                        and n.fact_key = format('renewal_upcoming:%s:%s', s.provider_subscription_id,
                                                floor(extract(epoch from s.current_period_end))::bigint))
    order by s.current_period_end limit $4)"};

Task<std::vector<Due>> select(db::Database& db, db::Statement statement, provider::Name provider,
                              Instant now, Instant until) {
    const db::Rows rows =
        co_await db.run(statement, {db::param(provider::to_string(provider)), db::param(now),
                                    db::param(until), db::param(reminders_max)});
    std::vector<Due> due;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        due.push_back({.account = {std::string(rows.text(i, "account_id"))},
                       .subscription = {std::string(rows.text(i, "provider_subscription_id"))},
                       .plan_name = std::string(rows.text(i, "plan_name")),
                       .at = rows.instant(i, "at")});
    }
    co_return due;
}

}  // namespace

Task<std::vector<Due>> trials(db::Database& db, provider::Name provider, Instant now,
                              Instant until) {
    co_return co_await select(db, select_trials, provider, now, until);
}

Task<std::vector<Due>> renewals(db::Database& db, provider::Name provider, Instant now,
                                Instant until) {
    co_return co_await select(db, select_renewals, provider, now, until);
}

}  // namespace paydesk::billing::reminder_store
