#include "usage/record_store.h"

#include <algorithm>

#include "db/array_param.h"
#include "usage/period_sql.h"

namespace paydesk::usage::record_store {
namespace {

// The parts of the statement. Rows come sorted and are written sorted, in every table: two groups that meet
// wait for each other in one direction only.
#define PD_GIVEN \
    R"(
    with given as materialized (
        select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as idempotency_key,
               unnest($3::text[]) as metric, unnest($4::text[])::numeric as quantity,
               unnest($5::timestamptz[]) as occurred_at, unnest($6::text[])::jsonb as metadata)"

#define PD_DATED \
    R"(),
    dated as materialized (
        select g.*, (g.occurred_at at time zone 'UTC')::date as day, p.period_start, p.period_end,
               p.plan_key, p.is_invoiced or exists (
                   select from paydesk.usage_charges c where c.account_id = g.account_id
                       and c.metric = g.metric and c.period_start = p.period_start) as is_late
        from given g)" PD_USAGE_PERIOD_OF("g", "occurred_at") ")"

#define PD_FRESH \
    R"(, fresh as (
        insert into paydesk.usage_records (account_id, idempotency_key, day, metric, quantity, unique_value,
            occurred_at, received_at, period_start, period_end, plan_key, is_late, metadata)
        select d.account_id, d.idempotency_key, d.day, d.metric, d.quantity, )"

#define PD_TOTALS_UPDATE \
    R"(
        on conflict (account_id, metric, period_start) do update set
            period_end = excluded.period_end, plan_key = excluded.plan_key,
            events = t.events + excluded.events, quantity = t.quantity + excluded.quantity,
            maximum = greatest(t.maximum, excluded.maximum),
            late_events = t.late_events + excluded.late_events)"

#define PD_HOURS_UPDATE \
    R"(
        on conflict (account_id, metric, hour, period_start) do update set
            events = h.events + excluded.events, quantity = h.quantity + excluded.quantity,
            maximum = greatest(h.maximum, excluded.maximum), is_reported = excluded.is_reported)"

#define PD_RETURNING_TOTALS \
    R"(
        returning account_id, metric, period_start, period_end, plan_key, events, quantity, maximum,
                  last_value, uniques, late_events, notified_percent)
    select account_id, metric, period_start, period_end, plan_key, events, quantity, maximum, last_value,
           uniques, late_events, notified_percent, null as duplicate_key, null as duplicate_day from totals
    union all
    select d.account_id, null, null, null, null, null, null, null, null, null, null, null, d.idempotency_key,
           d.day::text
    from dated d where not exists (
        select from fresh f where f.account_id = d.account_id
            and f.idempotency_key = d.idempotency_key and f.day = d.day))"

// What most groups are: keys with a time of their own, metrics that add up.
constexpr db::Statement count_sums{"usage_count", PD_GIVEN PD_DATED PD_FRESH R"(null,
            d.occurred_at, $7::timestamptz, d.period_start, d.period_end, d.plan_key, d.is_late, d.metadata
        from dated d
        on conflict (account_id, idempotency_key, day) do nothing
        returning account_id, idempotency_key, day, metric, quantity, occurred_at, period_start, period_end,
                  plan_key, is_late),
    hours as (
        insert into paydesk.usage_hours as h (account_id, metric, hour, period_start, events, quantity, maximum,
                                              is_reported)
        select f.account_id, f.metric, date_trunc('hour', f.occurred_at, 'UTC'), f.period_start, count(*),
               sum(f.quantity), max(f.quantity),
               max(f.plan_key) is null or not f.metric = any ($8::text[])
        from fresh f group by 1, 2, 3, 4 order by 1, 2, 3, 4)" PD_HOURS_UPDATE R"(),
    totals as (
        insert into paydesk.usage_totals as t (account_id, metric, period_start, period_end, plan_key, events,
                                               quantity, maximum, late_events)
        select f.account_id, f.metric, f.period_start, max(f.period_end), max(f.plan_key), count(*),
               sum(f.quantity), max(f.quantity), count(*) filter (where f.is_late)
        from fresh f group by 1, 2, 3 order by 1, 2, 3)" PD_TOTALS_UPDATE PD_RETURNING_TOTALS};

// All there is: undated keys, distinct values, last values.
constexpr db::Statement count_all{"usage_count_all", PD_GIVEN R"(,
               unnest($9::text[]) as unique_value, unnest($10::boolean[]) as is_undated)" PD_DATED
                                                              R"(,
    undated as (
        insert into paydesk.usage_undated_keys (account_id, idempotency_key, day)
        select d.account_id, d.idempotency_key, d.day from dated d where d.is_undated
        on conflict (account_id, idempotency_key) do nothing
        returning account_id, idempotency_key))" PD_FRESH R"(d.unique_value,
            d.occurred_at, $7::timestamptz, d.period_start, d.period_end, d.plan_key, d.is_late, d.metadata
        from dated d
        where not d.is_undated or exists (select from undated u where u.account_id = d.account_id
                                              and u.idempotency_key = d.idempotency_key)
        on conflict (account_id, idempotency_key, day) do nothing
        returning account_id, idempotency_key, day, metric, quantity, unique_value, occurred_at, period_start,
                  period_end, plan_key, is_late),
    seen as (
        insert into paydesk.usage_uniques (account_id, metric, period_start, unique_value)
        select distinct f.account_id, f.metric, f.period_start, f.unique_value
        from fresh f where f.unique_value is not null order by 1, 2, 3, 4
        on conflict (account_id, metric, period_start, unique_value) do nothing
        returning account_id, metric, period_start, unique_value),
    new_values as (
        select s.account_id, s.metric, s.period_start, s.unique_value,
               date_trunc('hour', min(f.occurred_at), 'UTC') as hour
        from seen s join fresh f on (f.account_id, f.metric, f.period_start, f.unique_value)
                                  = (s.account_id, s.metric, s.period_start, s.unique_value)
        group by 1, 2, 3, 4),
    hours as (
        insert into paydesk.usage_hours as h (account_id, metric, hour, period_start, events, quantity, maximum,
                                              is_reported, last_value, last_at, uniques)
        select f.account_id, f.metric, f.hour, f.period_start, count(*), sum(f.quantity), max(f.quantity),
               max(f.plan_key) is null or not f.metric = any ($8::text[]),
               (array_agg(f.quantity order by f.occurred_at desc, f.quantity desc)
                    filter (where f.metric = any ($11::text[])))[1],
               max(f.occurred_at) filter (where f.metric = any ($11::text[])),
               (select count(*) from new_values n
                where n.account_id = f.account_id and n.metric = f.metric and n.period_start = f.period_start
                  and n.hour = f.hour)
        from (select r.*, date_trunc('hour', r.occurred_at, 'UTC') as hour from fresh r) f
        group by f.account_id, f.metric, f.hour, f.period_start order by 1, 2, 3, 4)" PD_HOURS_UPDATE
                                                              R"(,
            last_value = case when h.last_at > excluded.last_at
                                or (h.last_at = excluded.last_at and h.last_value > excluded.last_value)
                              then h.last_value else coalesce(excluded.last_value, h.last_value) end,
            last_at = greatest(h.last_at, excluded.last_at), uniques = h.uniques + excluded.uniques),
    totals as (
        insert into paydesk.usage_totals as t (account_id, metric, period_start, period_end, plan_key, events,
                                               quantity, maximum, late_events, last_value, last_at, uniques)
        select f.account_id, f.metric, f.period_start, max(f.period_end), max(f.plan_key), count(*),
               sum(f.quantity), max(f.quantity), count(*) filter (where f.is_late),
               (array_agg(f.quantity order by f.occurred_at desc, f.quantity desc)
                    filter (where f.metric = any ($11::text[])))[1],
               max(f.occurred_at) filter (where f.metric = any ($11::text[])),
               (select count(*) from new_values n
                where n.account_id = f.account_id and n.metric = f.metric
                  and n.period_start = f.period_start)
        from fresh f group by f.account_id, f.metric, f.period_start order by 1, 2, 3)" PD_TOTALS_UPDATE
                                                              R"(,
            last_value = case when t.last_at > excluded.last_at
                                or (t.last_at = excluded.last_at and t.last_value > excluded.last_value)
                              then t.last_value else coalesce(excluded.last_value, t.last_value) end,
            last_at = greatest(t.last_at, excluded.last_at), uniques = t.uniques + excluded.uniques)" PD_RETURNING_TOTALS};

constexpr db::Statement find_records{"usage_find", R"(
    select g.place, r.metric, r.quantity, r.unique_value, r.period_start, r.period_end, r.is_late
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as idempotency_key,
                 unnest($3::timestamptz[]) as occurred_at, unnest($4::boolean[]) as is_undated,
                 unnest($5::bigint[]) as place) g
    join paydesk.usage_records r on r.account_id = g.account_id and r.idempotency_key = g.idempotency_key
        and r.day = case when g.is_undated
            then (select k.day from paydesk.usage_undated_keys k
                  where k.account_id = g.account_id and k.idempotency_key = g.idempotency_key)
            else (g.occurred_at at time zone 'UTC')::date end)"};

using Events = std::vector<const Event*>;

db::Param accounts(const Events& events) {
    return db::column<std::string_view>(
        events, [](const Event* event) { return std::string_view(event->account.value); });
}
db::Param keys(const Events& events) {
    return db::column<std::string_view>(
        events, [](const Event* event) { return std::string_view(event->key); });
}
db::Param times(const Events& events) {
    return db::column<Instant>(events, [](const Event* event) { return event->occurred_at; });
}
db::Param undated(const Events& events) {
    return db::column<bool>(events, [](const Event* event) { return event->is_undated; });
}
db::Param optional_texts(const Events& events, std::optional<std::string> Event::* member) {
    return db::column<std::string_view>(
        events, [member](const Event* event) -> std::optional<std::string_view> {
            if (event->*member) return std::string_view(*(event->*member));
            return std::nullopt;
        });
}
db::Param names(const std::vector<std::string>& list) {
    return db::column<std::string_view>(
        list, [](const std::string& name) { return std::string_view(name); });
}

db::Params count_params(const Events& events, const Metrics& metrics, Instant received_at) {
    std::vector<std::string> quantities;
    quantities.reserve(events.size());
    for (const Event* event : events) quantities.push_back(event->quantity.to_string());
    return {accounts(events),
            keys(events),
            db::column<std::string_view>(
                events, [](const Event* event) { return std::string_view(event->metric); }),
            names(quantities),
            times(events),
            optional_texts(events, &Event::metadata),
            db::param(received_at),
            names(metrics.reported)};
}

// "2026-11-20": the day that a key belongs to.
std::string day_of(Instant at) { return to_iso8601(at).substr(0, 10); }

// The place of a row that the statement calls a duplicate.
std::size_t place_of(const Events& events, std::string_view account, std::string_view key,
                     std::string_view day) {
    const auto first =
        std::ranges::lower_bound(events, std::pair(account, key), {}, [](const Event* event) {
            return std::pair(std::string_view(event->account.value), std::string_view(event->key));
        });
    auto at = first;
    while (day_of((*at)->occurred_at) != day) ++at;
    return static_cast<std::size_t>(at - events.begin());
}

}  // namespace

bool Stored::same_as(const Event& event) const {
    return metric == event.metric && quantity == event.quantity &&
           unique_value == event.unique_value;
}

Task<Counted> count(Run run, std::vector<const Event*> events,
                    std::shared_ptr<const Metrics> metrics, Instant received_at) {
    const bool is_simple = std::ranges::none_of(events, [&](const Event* event) {
        return event->is_undated || event->unique_value ||
               std::ranges::find(metrics->last, event->metric) != metrics->last.end();
    });
    db::Params params = count_params(events, *metrics, received_at);
    if (!is_simple) {
        params.push_back(optional_texts(events, &Event::unique_value));
        params.push_back(undated(events));
        params.push_back(names(metrics->last));
    }
    const db::Rows rows = co_await run(is_simple ? count_sums : count_all, std::move(params));
    Counted counted;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (rows.is_null(row, "duplicate_key")) {
            counted.totals.push_back(read_totals(rows, row));
        } else {
            counted.duplicates.push_back(place_of(events, rows.text(row, "account_id"),
                                                  rows.text(row, "duplicate_key"),
                                                  rows.text(row, "duplicate_day")));
        }
    }
    co_return counted;
}

Task<std::vector<std::optional<Stored>>> find(Run run, std::vector<const Event*> events) {
    std::vector<std::int64_t> places(events.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::int64_t>(i);
    const db::Rows rows = co_await run(
        find_records, {accounts(events), keys(events), times(events), undated(events),
                       db::column<std::int64_t>(places, [](std::int64_t place) { return place; })});
    std::vector<std::optional<Stored>> stored(events.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
        stored[static_cast<std::size_t>(rows.integer(row, "place"))] = Stored{
            .metric = std::string(rows.text(row, "metric")),
            .quantity = read_decimal(rows, row, "quantity"),
            .unique_value = rows.optional_text(row, "unique_value"),
            .period = {.start = rows.instant(row, "period_start"),
                       .end = rows.instant(row, "period_end")},
            .is_late = rows.boolean(row, "is_late")
        };
    }
    co_return stored;
}

}  // namespace paydesk::usage::record_store
