#include "billing/subscription_store.h"

namespace paydesk::billing::subscription_store {

#define PD_SUBSCRIPTION_COLUMNS                                                                  \
    "account_id, provider, provider_subscription_id, status, plan_key, "                         \
    "nullif(plan_name, '') as plan_name, billing_cycle, price_id, quantity, "                    \
    "current_period_start, current_period_end, cancel_at_period_end, cancel_at, canceled_at, "   \
    "ended_at, trial_start, trial_end, coalesce(provider_created_at, created_at) as created_at " \
    "from paydesk.subscriptions "
#define PD_SUBSCRIPTION_ORDER                                                        \
    "order by status in ('canceled', 'incomplete_expired'), status = 'incomplete', " \
    "coalesce(provider_created_at, created_at) desc, provider_subscription_id desc "

const db::Statement list{"billing_list_subscriptions",
                         "select " PD_SUBSCRIPTION_COLUMNS
                         "where account_id = $1 " PD_SUBSCRIPTION_ORDER "limit 100"};

const db::Statement current{"billing_current_subscription",
                            "select " PD_SUBSCRIPTION_COLUMNS
                            "where account_id = $1 " PD_SUBSCRIPTION_ORDER "limit 1"};

namespace {

const db::Statement find_one{"billing_find_subscription",
                             "select " PD_SUBSCRIPTION_COLUMNS
                             "where account_id = $1 and provider_subscription_id = $2"};

const db::Statement find_one_for_update{
    "billing_find_subscription_for_update",
    "select " PD_SUBSCRIPTION_COLUMNS
    "where account_id = $1 and provider_subscription_id = $2 for no key update"};

const db::Statement find_live{
    "billing_live_subscriptions",
    "select " PD_SUBSCRIPTION_COLUMNS
    "where account_id = $1 "
    "and status not in ('canceled', 'incomplete_expired') " PD_SUBSCRIPTION_ORDER};

}  // namespace

#undef PD_SUBSCRIPTION_COLUMNS
#undef PD_SUBSCRIPTION_ORDER

db::Params by_account(const AccountId& account) { return {account.value}; }

Subscription read(const db::Rows& rows, std::size_t row) {
    return {.account = {std::string(rows.text(row, "account_id"))},
            .provider = rows.text(row, "provider") == "paypal" ? provider::Name::paypal
                                                               : provider::Name::stripe,
            .subscription = {std::string(rows.text(row, "provider_subscription_id"))},
            .status = provider::parse_subscription_status(rows.text(row, "status")).value(),
            .plan_key = rows.optional_text(row, "plan_key"),
            .plan_name = rows.optional_text(row, "plan_name"),
            .billing_cycle = rows.optional_text(row, "billing_cycle"),
            .price_id = rows.optional_text(row, "price_id"),
            .quantity = rows.integer(row, "quantity"),
            .current_period_start = rows.optional_instant(row, "current_period_start"),
            .current_period_end = rows.optional_instant(row, "current_period_end"),
            .cancel_at_period_end = rows.boolean(row, "cancel_at_period_end"),
            .cancel_at = rows.optional_instant(row, "cancel_at"),
            .canceled_at = rows.optional_instant(row, "canceled_at"),
            .ended_at = rows.optional_instant(row, "ended_at"),
            .trial_start = rows.optional_instant(row, "trial_start"),
            .trial_end = rows.optional_instant(row, "trial_end"),
            .created_at = rows.instant(row, "created_at")};
}

Task<std::optional<Subscription>> find(db::Tx& tx, AccountId account, provider::Ref subscription,
                                       bool for_update) {
    const auto rows = co_await tx.run(for_update ? find_one_for_update : find_one,
                                      {account.value, subscription.value});
    if (rows.empty()) co_return std::nullopt;
    co_return read(rows, 0);
}

Task<std::vector<Subscription>> live(db::Tx& tx, AccountId account) {
    const auto rows = co_await tx.run(find_live, {account.value});
    std::vector<Subscription> found;
    for (std::size_t i = 0; i < rows.size(); ++i) found.push_back(read(rows, i));
    co_return found;
}

}  // namespace paydesk::billing::subscription_store
