#include "billing/change_store.h"
#include "billing/provider_name.h"

#include "base/json.h"
#include "billing/change_flow.h"
#include "jobs/queue.h"

namespace paydesk::billing::change_store {
namespace {

// The plan's item is the one whose price the catalogue knows.
constexpr db::Statement select_target{"change_find", R"(
    select s.id, s.provider, s.provider_subscription_id, s.status, s.plan_family, s.current_period_end,
           s.cancel_at_period_end or s.cancel_at is not null as cancel_scheduled,
           exists (select from paydesk.subscription_schedules q
                   where q.account_id = s.account_id and q.provider = s.provider
                     and q.provider_subscription_id = s.provider_subscription_id
                     and q.status = 'active' and q.effective_at is not null) as change_scheduled,
           i.provider_item_id, i.price_id, i.quantity, i.plan_key, i.rank, i.billing_cycle,
           i.unit_amount, i.currency
    from paydesk.subscriptions s
    left join lateral (
        select t.provider_item_id, t.price_id, coalesce(t.quantity, 1) as quantity, q.plan_key,
               p.rank, q.billing_cycle, q.unit_amount, q.currency
        from paydesk.subscription_items t
        join paydesk.plan_prices q on q.provider = s.provider and q.provider_price_id = t.price_id
        join paydesk.plans p on p.plan_key = q.plan_key and p.kind = 'plan'
        where t.account_id = s.account_id and t.subscription_id = s.id
        order by q.plan_key is not distinct from s.plan_key desc,
                 q.currency is not distinct from s.currency desc, t.provider_item_id
        limit 1) i on true
    where s.account_id = $1 and (s.id::text = $2 or s.provider_subscription_id = $2))"};

#define OFFER_COLUMNS                                                                    \
    "select p.plan_key, p.name, p.plan_family, p.rank, q.billing_cycle, q.unit_amount, " \
    "q.currency, q.provider_price_id from paydesk.plans p "                              \
    "join paydesk.plan_prices q on q.plan_key = p.plan_key "

constexpr db::Statement select_offer{"change_offer", OFFER_COLUMNS R"(
    where p.kind = 'plan' and p.is_active and p.purchasable and q.is_active and q.provider = $1
      and p.plan_key = $2 and q.billing_cycle = $3 and q.currency = $4)"};

constexpr db::Statement select_offer_of_price{"change_offer_of_price", OFFER_COLUMNS R"(
    where p.kind = 'plan' and p.is_active and p.purchasable and q.is_active and q.provider = $1
      and q.provider_price_id = $2
    order by q.currency limit 1)"};

constexpr db::Statement select_price{"change_price", OFFER_COLUMNS R"(
    where p.kind = 'plan' and q.provider = $1 and q.provider_price_id = $2
    order by q.currency limit 1)"};

constexpr db::Statement select_seats_used{"change_seats_used", R"(
    select used from paydesk.seats where account_id = $1)"};

constexpr db::Statement select_has_paid{"change_has_paid", R"(
    select exists (select from paydesk.payments
                   where account_id = $1 and status in ('succeeded', 'refunded',
                         'partially_refunded')) as paid)"};

constexpr db::Statement insert_check{"change_record", R"(
    insert into paydesk.jobs (kind, account_id, payload, run_at, unique_key)
    values ($1, $2, $3, $4, $5) on conflict do nothing)"};

constexpr db::Statement delete_check{"change_forget", R"(
    delete from paydesk.jobs where kind = $1 and unique_key = $2 and status = 'queued')"};

PlanTerms terms_at(const db::Rows& rows, std::int64_t quantity) {
    const auto currency = Currency::parse(rows.text(0, "currency"));
    PD_ASSERT(currency.has_value());
    return {.plan_key = std::string(rows.text(0, "plan_key")),
            .rank = rows.integer(0, "rank"),
            .billing_cycle = std::string(rows.text(0, "billing_cycle")),
            .unit_amount = Money(rows.integer(0, "unit_amount"), *currency),
            .quantity = quantity};
}

std::optional<Offer> first_offer(const db::Rows& rows) {
    if (rows.empty()) return std::nullopt;
    return Offer{.plan_name = std::string(rows.text(0, "name")),
                 .plan_family = std::string(rows.text(0, "plan_family")),
                 .price = {std::string(rows.text(0, "provider_price_id"))},
                 .terms = terms_at(rows, 1)};
}

std::string key_of(const Check& check) { return check.subscription.value + ":" + check.intent; }

}  // namespace

Task<std::optional<Target>> find(db::Database& db, AccountId account, std::string subscription) {
    const db::Rows rows = co_await db.run(select_target, {account.value, std::move(subscription)});
    if (rows.empty()) co_return std::nullopt;
    const auto status = provider::parse_subscription_status(rows.text(0, "status"));
    const auto name = parse_provider(rows.text(0, "provider"));
    PD_ASSERT(status.has_value() && name.has_value());
    Target target{
        .id = std::string(rows.text(0, "id")),
        .provider = *name,
        .subscription = {std::string(rows.text(0, "provider_subscription_id"))},
        .status = *status,
        .cancel_scheduled = is_live(*status) && rows.boolean(0, "cancel_scheduled"),
        .plan_family = std::string(rows.text(0, "plan_family")),
        .current_period_end = rows.optional_instant(0, "current_period_end"),
        .change_scheduled = rows.boolean(0, "change_scheduled"),
        .item = {},
        .price = {},
        .terms = {},
    };
    if (!rows.is_null(0, "provider_item_id")) {
        target.item = provider::Ref{std::string(rows.text(0, "provider_item_id"))};
        target.price = provider::Ref{std::string(rows.text(0, "price_id"))};
        target.terms = terms_at(rows, rows.integer(0, "quantity"));
    }
    co_return target;
}

Task<std::optional<Offer>> find_offer(db::Database& db, provider::Name provider, std::string plan,
                                      std::string billing_cycle, Currency currency) {
    co_return first_offer(
        co_await db.run(select_offer, {db::param(provider::to_string(provider)), std::move(plan),
                                       std::move(billing_cycle), currency.lower_code()}));
}

Task<std::optional<Offer>> find_offer_of_price(db::Database& db, provider::Name provider,
                                               std::string price) {
    co_return first_offer(co_await db.run(
        select_offer_of_price, {db::param(provider::to_string(provider)), std::move(price)}));
}

Task<std::optional<Offer>> find_price(db::Database& db, provider::Name provider,
                                      std::string price) {
    co_return first_offer(co_await db.run(
        select_price, {db::param(provider::to_string(provider)), std::move(price)}));
}

Task<std::int64_t> seats_used(db::Database& db, AccountId account) {
    const db::Rows rows = co_await db.run(select_seats_used, {account.value});
    co_return rows.empty() ? 1 : rows.integer(0, "used");
}

Task<bool> has_paid(db::Database& db, AccountId account) {
    const db::Rows rows = co_await db.run(select_has_paid, {account.value});
    co_return rows.boolean(0, "paid");
}

Task<> record(db::Database& db, Check check, Instant run_at) {
    const json::value payload = json::object{
        {"account_id",   check.account.value                },
        {"provider",     provider::to_string(check.provider)},
        {"subscription", check.subscription.value           },
        {"intent",       check.intent                       }
    };
    co_await db.run(insert_check, {std::string(change_job_kind), check.account.value,
                                   storable(payload), db::param(run_at), key_of(check)});
}

Task<> forget(db::Tx& tx, Check check) {
    co_await tx.run(delete_check, {std::string(change_job_kind), key_of(check)});
}

std::optional<Check> read_check(const boost::json::value& payload) {
    const auto account = string_at(payload, {"account_id"}),
               subscription = string_at(payload, {"subscription"}),
               intent = string_at(payload, {"intent"});
    const auto name = parse_provider(string_at(payload, {"provider"}).value_or("stripe"));
    if (!account || !subscription || !intent || !name) return std::nullopt;
    return Check{.account = {*account},
                 .provider = *name,
                 .subscription = {*subscription},
                 .intent = *intent};
}

}  // namespace paydesk::billing::change_store
