#include "usage/report_store.h"

#include "db/array_param.h"
#include "usage/totals.h"

namespace paydesk::usage::report_store {
namespace {

// The rows are locked while their difference is taken, so that an event that comes meanwhile is in the next one. A
// sum is told as what is new since the last report; the last value as it is, when it differs.
constexpr db::Statement make_reports{"usage_make_reports", R"(
    with due as materialized (
        select h.account_id, h.metric, h.hour, h.period_start, m.aggregation, h.last_at,
               case m.aggregation when 'count' then h.events when 'last' then h.last_value else h.quantity end
                   as level
        from paydesk.usage_hours h
        join paydesk.meters m on m.metric = h.metric and m.charge = 'meter' and m.event_name is not null
        join paydesk.usage_periods p on p.account_id = h.account_id and p.starts_at = h.period_start
        where not h.is_reported and (h.hour + interval '1 hour' <= $3 or p.ends_at <= $1)
          and exists (select from paydesk.customers c where c.account_id = h.account_id
                          and c.provider = p.provider and c.provider_customer_id is not null)
          and p.provider = 'stripe'  -- PayPal has no meters
        order by h.account_id, h.metric, h.hour, h.period_start limit $2
        for update of h skip locked),
    told as (
        select d.*, r.quantity as told_quantity, coalesce(r.sequence, 0) as sequence
        from due d left join lateral (
            select case d.aggregation when 'last' then (array_agg(u.quantity order by u.sequence desc))[1]
                        else sum(u.quantity) end as quantity, max(u.sequence) as sequence
            from paydesk.usage_reports u
            where u.account_id = d.account_id and u.metric = d.metric and u.hour = d.hour
              and u.period_start = d.period_start) r on true),
    made as (
        insert into paydesk.usage_reports (account_id, metric, hour, period_start, sequence, provider, identifier,
                                           quantity, occurred_at, created_at)
        select t.account_id, t.metric, t.hour, t.period_start, t.sequence + 1, 'stripe',
               'usage_' || md5(concat_ws('/', t.account_id, t.metric, extract(epoch from t.hour),
                                         extract(epoch from t.period_start), t.sequence + 1)),
               trim_scale(case t.aggregation when 'last' then t.level
                               else t.level - coalesce(t.told_quantity, 0) end),
               case t.aggregation when 'last' then t.last_at else greatest(t.hour, t.period_start) end, $1
        from told t
        where case t.aggregation when 'last' then t.level is distinct from t.told_quantity
                   else t.level <> coalesce(t.told_quantity, 0) end)
    update paydesk.usage_hours h set is_reported = true
    from due d where h.account_id = d.account_id and h.metric = d.metric and h.hour = d.hour
        and h.period_start = d.period_start)"};

constexpr db::Statement pending_reports{"usage_pending_reports", R"(
    select r.account_id, r.identifier, r.quantity, r.occurred_at, m.event_name, c.provider_customer_id,
           case m.aggregation when 'last' then r.quantity
                else (select sum(u.quantity) from paydesk.usage_reports u
                      where u.account_id = r.account_id and u.metric = r.metric and u.hour = r.hour
                        and u.period_start = r.period_start and u.sequence <= r.sequence
                        and u.status <> 'elsewhere') end as level,
           (select i.provider_item_id
            from paydesk.subscription_items i
            join paydesk.subscriptions s on s.account_id = i.account_id and s.id = i.subscription_id
                and s.provider = r.provider
            where i.account_id = r.account_id and i.price_id = any (m.record_prices)
            order by s.ended_at is null desc, s.current_period_start desc nulls last, i.provider_item_id
            limit 1) as item
    from paydesk.usage_reports r
    join paydesk.meters m on m.metric = r.metric
    join paydesk.customers c on c.account_id = r.account_id and c.provider = r.provider
    where r.status = 'pending' order by r.created_at, r.account_id, r.identifier limit $1)"};

constexpr db::Statement finish_report{"usage_finish_report", R"(
    update paydesk.usage_reports set status = case when $3::text is null then 'sent' else 'refused' end,
        error = $3, sent_at = case when $3::text is null then $4::timestamptz end
    where account_id = $1 and identifier = $2 and status = 'pending')"};

constexpr db::Statement add_elsewhere{"usage_told_elsewhere", R"(
    insert into paydesk.usage_reports (account_id, metric, hour, period_start, sequence, provider, identifier,
                                       quantity, occurred_at, status, created_at)
    select g.account_id, g.metric, g.hour, g.period_start, n.sequence, 'stripe',
           'elsewhere_' || md5(concat_ws('/', g.account_id, g.metric, extract(epoch from g.hour),
                                         extract(epoch from g.period_start), n.sequence)),
           g.quantity, greatest(g.hour, g.period_start), 'elsewhere', $6
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as metric,
                 unnest($3::timestamptz[]) as hour, unnest($4::timestamptz[]) as period_start,
                 unnest($5::text[])::numeric as quantity) g
    cross join lateral (
        select coalesce(max(u.sequence), 0) + 1 as sequence from paydesk.usage_reports u
        where u.account_id = g.account_id and u.metric = g.metric and u.hour = g.hour
          and u.period_start = g.period_start) n)"};

constexpr db::Statement select_meters{"usage_meters", R"(
    select metric from paydesk.meters where is_active and charge = 'meter' and event_name is not null)"};

constexpr db::Statement keep{"usage_keep_meter", R"(
    update paydesk.meters set event_name = $2, provider_meter_id = $3
    where metric = $1 and (event_name, provider_meter_id) is distinct from ($2::text, $3::text))"};

}  // namespace

Task<std::size_t> make(db::Database& db, Instant now, Instant over_at, std::int64_t limit) {
    const db::Rows rows = co_await db.transaction([&](db::Tx& tx) -> Task<db::Rows> {
        co_return co_await tx.run(make_reports,
                                  {db::param(now), db::param(limit), db::param(over_at)});
    });
    co_return rows.affected();
}

Task<std::vector<Pending>> pending(db::Database& db, std::int64_t limit) {
    const db::Rows rows = co_await db.run(pending_reports, {db::param(limit)});
    std::vector<Pending> reports;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        reports.push_back({.account = std::string(rows.text(row, "account_id")),
                           .identifier = std::string(rows.text(row, "identifier")),
                           .event_name = std::string(rows.text(row, "event_name")),
                           .customer = {std::string(rows.text(row, "provider_customer_id"))},
                           .quantity = read_decimal(rows, row, "quantity"),
                           .level = read_decimal(rows, row, "level"),
                           .at = rows.instant(row, "occurred_at"),
                           .item = {}});
        if (const auto item = rows.optional_text(row, "item"))
            reports.back().item = provider::Ref{*item};
    }
    co_return reports;
}

Task<> told_elsewhere(db::Tx& tx, std::vector<Elsewhere> hours, Instant now) {
    std::vector<std::string> quantities;
    for (const Elsewhere& one : hours) quantities.push_back(one.quantity.to_string());
    const auto texts = [&](std::string Elsewhere::* member) {
        return db::column<std::string_view>(
            hours, [&](const Elsewhere& one) { return std::string_view(one.*member); });
    };
    const auto instants = [&](Instant Elsewhere::* member) {
        return db::column<Instant>(hours, [&](const Elsewhere& one) { return one.*member; });
    };
    co_await tx.run(
        add_elsewhere,
        {texts(&Elsewhere::account), texts(&Elsewhere::metric), instants(&Elsewhere::hour),
         instants(&Elsewhere::period_start),
         db::column<std::string_view>(
             quantities, [](const std::string& text) { return std::string_view(text); }),
         db::param(now)});
}

Task<> finish(db::Database& db, Pending report, std::optional<std::string> error, Instant now) {
    co_await db.run(finish_report, {report.account, report.identifier, db::Param(std::move(error)),
                                    db::param(now)});
}

Task<std::set<std::string>> meters(db::Database& db) {
    const db::Rows rows = co_await db.run(select_meters);
    std::set<std::string> metrics;
    for (std::size_t row = 0; row < rows.size(); ++row) metrics.emplace(rows.text(row, "metric"));
    co_return metrics;
}

Task<> keep_meter(db::Database& db, std::string metric, std::string event_name,
                  provider::Ref meter) {
    co_await db.run(keep, {std::move(metric), std::move(event_name), std::move(meter.value)});
}

}  // namespace paydesk::usage::report_store
