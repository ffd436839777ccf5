#include "billing/reminder_store.h"

#include "base/assert.h"
#include "db/array_param.h"

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

constexpr db::Statement select_unpaid{"reminders_unpaid", R"(
    select i.account_id, i.provider_invoice_id, coalesce(i.provider_subscription_id, '') as subscription,
           i.amount_remaining, i.currency, i.period_start, i.period_end, i.hosted_invoice_url, i.created_at, d.days
    from paydesk.invoices i
    cross join lateral (select max(k.days) as days from unnest($2::bigint[]) as k(days)
                        where i.created_at <= $3::timestamptz - make_interval(days => k.days::int)) d
    where i.provider = $1 and i.status = 'open' and i.billing_reason = 'usage' and i.amount_remaining > 0
      and d.days is not null
      and not exists (select from paydesk.checkouts c
                      where c.account_id = i.account_id and c.provider = i.provider
                        and c.provider_invoice_id = i.provider_invoice_id and c.status = 'processing')
      and not exists (select from paydesk.notifications n
                      where n.account_id = i.account_id
                        and n.fact_key = format('usage_invoiced:%s:%s', i.provider_invoice_id, d.days))
    order by i.created_at limit $4)"};

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

Task<std::vector<Unpaid>> unpaid(db::Database& db, provider::Name provider, Instant now,
                                 std::vector<std::int64_t> days) {
    const db::Rows rows = co_await db.run(
        select_unpaid, {db::param(provider::to_string(provider)),
                        db::column<std::int64_t>(days, [](std::int64_t day) { return day; }),
                        db::param(now), db::param(reminders_max)});
    std::vector<Unpaid> list;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto currency = Currency::parse(rows.text(i, "currency"));
        PD_ASSERT(currency.has_value());  // only currencies that we support are ever stored
        list.push_back({.account = {std::string(rows.text(i, "account_id"))},
                        .invoice = std::string(rows.text(i, "provider_invoice_id")),
                        .subscription = std::string(rows.text(i, "subscription")),
                        .amount = Money(rows.integer(i, "amount_remaining"), *currency),
                        .days = rows.integer(i, "days"),
                        .period_start = rows.optional_instant(i, "period_start"),
                        .period_end = rows.optional_instant(i, "period_end"),
                        .hosted_invoice_url = rows.optional_text(i, "hosted_invoice_url"),
                        .created_at = rows.instant(i, "created_at")});
    }
    co_return list;
}

}  // namespace paydesk::billing::reminder_store
