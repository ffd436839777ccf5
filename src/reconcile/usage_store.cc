#include "reconcile/usage_store.h"

#include "base/assert.h"
#include "db/array_param.h"

namespace paydesk::reconcile::usage_store {

namespace {

constexpr db::Statement select_accounts{"reconcile_usage_accounts", R"(
    select distinct account_id from paydesk.customers
    where provider = $1 and provider_customer_id is not null and account_id > $2::uuid
    order by account_id limit $3)"};

// Hours whose level is not what their reports say; a refused report has said it.
#define PD_UNTOLD                                                                                  \
    "select h.account_id, h.metric, h.hour, h.period_start, p.invoiced_at is not null as "         \
    "is_invoiced "                                                                                 \
    "from paydesk.usage_hours h "                                                                  \
    "join paydesk.meters m on m.metric = h.metric and m.charge = 'meter' and m.event_name is not " \
    "null "                                                                                        \
    "join paydesk.usage_periods p on p.account_id = h.account_id and p.starts_at = "               \
    "h.period_start "                                                                              \
    "    and p.provider = $1 "                                                                     \
    "left join lateral (select sum(u.quantity) as total, "                                         \
    "        (array_agg(u.quantity order by u.sequence desc))[1] as latest "                       \
    "    from paydesk.usage_reports u where u.account_id = h.account_id and u.metric = h.metric "  \
    "        and u.hour = h.hour and u.period_start = h.period_start) r on true "                  \
    "where h.account_id = any ($2::text[]::uuid[]) and h.hour >= $3 and h.is_reported "            \
    "  and case m.aggregation when 'last' then h.last_value is distinct from r.latest "            \
    "           when 'count' then h.events <> coalesce(r.total, 0) "                               \
    "           else h.quantity <> coalesce(r.total, 0) end"

constexpr db::Statement select_untold{"reconcile_usage_untold", R"(
    select account_id, metric, is_invoiced, count(*) as hours from ()" PD_UNTOLD R"() u
    group by account_id, metric, is_invoiced order by account_id, metric, is_invoiced)"};

constexpr db::Statement update_untold{"reconcile_usage_report_again", R"(
    update paydesk.usage_hours h set is_reported = false from ()" PD_UNTOLD R"() u
    where not u.is_invoiced and h.account_id = u.account_id and h.metric = u.metric and h.hour = u.hour
      and h.period_start = u.period_start)"};

constexpr db::Statement select_uncharged{"reconcile_usage_uncharged", R"(
    select t.account_id, t.metric, t.period_start
    from paydesk.usage_totals t
    join paydesk.meters m on m.metric = t.metric and m.charge = 'invoice_item'
    join paydesk.usage_periods p on p.account_id = t.account_id and p.starts_at = t.period_start
        and p.provider = $1 and p.invoiced_at >= $3
    join paydesk.plans q on q.plan_key = p.plan_key
        and (jsonb_array_length(coalesce(q.usage -> t.metric -> 'tiers', '[]')) > 0
             or q.usage -> t.metric ->> 'flat' <> '0')
    where t.account_id = any ($2::text[]::uuid[]) and t.events > t.late_events
      and not exists (select from paydesk.usage_charges c where c.account_id = t.account_id
                          and c.metric = t.metric and c.period_start = t.period_start)
    order by t.account_id, t.metric, t.period_start)"};

constexpr db::Statement select_told{"reconcile_usage_told", R"(
    select r.account_id, r.metric, c.provider_customer_id, m.provider_meter_id,
           coalesce(case m.aggregation
                when 'last' then (array_agg(r.quantity order by r.occurred_at desc, r.sequence desc)
                                      filter (where r.status = 'sent'))[1]
                else sum(r.quantity) filter (where r.status = 'sent') end, 0) as quantity,
           count(*) filter (where r.status = 'refused') as refused,
           bool_or(r.status = 'pending' or coalesce(r.sent_at > $5, false)) as in_flight
    from paydesk.usage_reports r
    join paydesk.meters m on m.metric = r.metric and m.charge = 'meter' and m.provider_meter_id is not null
    join paydesk.customers c on c.account_id = r.account_id and c.provider = r.provider
        and c.provider_customer_id is not null
    where r.provider = $1 and r.account_id = any ($2::text[]::uuid[]) and r.occurred_at >= $3
      and r.occurred_at < $4
    group by r.account_id, r.metric, m.aggregation, c.provider_customer_id, m.provider_meter_id
    order by r.account_id, r.metric)"};

db::Param name_of(provider::Name provider) { return db::param(provider::to_string(provider)); }

db::Param ids(const std::vector<std::string>& accounts) {
    return db::column<std::string_view>(
        accounts, [](const std::string& account) { return std::string_view(account); });
}

std::string text(const db::Rows& rows, std::size_t row, const char* column) {
    return std::string(rows.text(row, column));
}

}  // namespace

Task<std::vector<std::string>> next_accounts(db::Database& db, provider::Name provider,
                                             std::string after, std::int64_t limit) {
    const std::string nobody = "00000000-0000-0000-0000-000000000000";
    const auto rows = co_await db.run(
        select_accounts, {name_of(provider), after.empty() ? nobody : after, db::param(limit)});
    std::vector<std::string> accounts;
    for (std::size_t row = 0; row < rows.size(); ++row)
        accounts.push_back(text(rows, row, "account_id"));
    co_return accounts;
}

Task<std::vector<Untold>> untold(db::Database& db, provider::Name provider,
                                 std::vector<std::string> accounts, Instant since) {
    const auto rows =
        co_await db.run(select_untold, {name_of(provider), ids(accounts), db::param(since)});
    std::vector<Untold> list;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        list.push_back({.account = text(rows, row, "account_id"),
                        .metric = text(rows, row, "metric"),
                        .hours = rows.integer(row, "hours"),
                        .is_invoiced = rows.boolean(row, "is_invoiced")});
    }
    co_return list;
}

Task<std::int64_t> report_again(db::Database& db, provider::Name provider,
                                std::vector<std::string> accounts, Instant since) {
    const auto rows =
        co_await db.run(update_untold, {name_of(provider), ids(accounts), db::param(since)});
    co_return static_cast<std::int64_t>(rows.affected());
}

Task<std::vector<Uncharged>> uncharged(db::Database& db, provider::Name provider,
                                       std::vector<std::string> accounts, Instant since) {
    const auto rows =
        co_await db.run(select_uncharged, {name_of(provider), ids(accounts), db::param(since)});
    std::vector<Uncharged> list;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        list.push_back({.account = text(rows, row, "account_id"),
                        .metric = text(rows, row, "metric"),
                        .period_start = rows.instant(row, "period_start")});
    }
    co_return list;
}

Task<std::vector<Told>> told(db::Database& db, provider::Name provider,
                             std::vector<std::string> accounts, Instant since, Instant until,
                             Instant settled) {
    const auto rows = co_await db.run(
        select_told,
        {name_of(provider), ids(accounts), db::param(since), db::param(until), db::param(settled)});
    std::vector<Told> list;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const auto quantity = Decimal::parse(rows.text(row, "quantity"));
        PD_ASSERT(quantity.has_value());  // sums of what Decimals made
        list.push_back({.account = text(rows, row, "account_id"),
                        .metric = text(rows, row, "metric"),
                        .customer = {text(rows, row, "provider_customer_id")},
                        .meter = {text(rows, row, "provider_meter_id")},
                        .quantity = *quantity,
                        .refused = rows.integer(row, "refused"),
                        .in_flight = rows.boolean(row, "in_flight")});
    }
    co_return list;
}

}  // namespace paydesk::reconcile::usage_store
