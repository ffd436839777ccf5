#include "usage/thresholds.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "db/array_param.h"
#include "notify/notifications.h"

namespace paydesk::usage {
namespace {

constexpr db::Statement update_told{"usage_note_told", R"(
    update paydesk.usage_totals t set notified_percent = g.percent
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as metric,
                 unnest($3::timestamptz[]) as period_start, unnest($4::bigint[]) as percent) g
    where t.account_id = g.account_id and t.metric = g.metric and t.period_start = g.period_start
      and t.notified_percent < g.percent)"};

constexpr std::size_t missed_at_once = 500;

// $1 to $4: the limits, as plan, metric, aggregation and limit; $5: the plan of those who have none, or one that is
// not there any more.
constexpr db::Statement select_missed{"usage_missed_thresholds", R"(
    with l as materialized (
        select unnest($1::text[]) as plan_key, unnest($2::text[]) as metric, unnest($3::text[]) as aggregation,
               unnest($4::bigint[]) as most)
    select t.account_id, t.metric, t.period_start, t.period_end, t.plan_key, t.events, t.quantity, t.maximum,
           t.last_value, t.uniques, t.late_events, t.notified_percent
    from paydesk.usage_totals t
    join l on l.metric = t.metric
        and l.plan_key = case when exists (select from l k where k.plan_key = t.plan_key) then t.plan_key else $5 end
    cross join lateral (
        select case l.aggregation when 'count' then t.events when 'max' then t.maximum
                    when 'last' then coalesce(t.last_value, 0) when 'unique' then t.uniques
                    else t.quantity end as used) u
    where t.notified_percent < 100 and t.period_end > $6 and t.period_start <= $6
      and t.notified_percent < case when u.used >= l.most then 100 when u.used * 100 >= l.most * 80 then 80 else 0 end
    limit $7)"};

struct LimitRow {
    std::string_view plan, metric, aggregation;
    std::int64_t most;
};

std::vector<LimitRow> limits_of(const Metrics& metrics) {
    std::vector<LimitRow> rows;
    for (const auto& [key, plan] : metrics.plans) {
        for (const auto& [metric, limit] : plan.limits) {
            const Metric* counted = metrics.find(metric);
            if (counted != nullptr && limit > 0)
                rows.push_back({key, metric, to_string(counted->aggregation), limit});
        }
    }
    return rows;
}

}  // namespace

int reached_percent(Decimal used, std::int64_t limit) {
    if (limit <= 0) return 0;
    if (used >= Decimal::from_int(limit)) return full_percent;
    const auto hundredfold = used.times(Decimal::from_int(full_percent));
    const auto warned = Decimal::from_int(limit).times(Decimal::from_int(warn_percent));
    return hundredfold && warned && *hundredfold >= *warned ? warn_percent : 0;
}

std::optional<Thresholds::Passed> Thresholds::passed(const Totals& totals, const Metrics& metrics) {
    const UsagePlan* plan = metrics.plan(totals.plan_key);
    const Metric* metric = metrics.find(totals.metric);
    if (plan == nullptr || metric == nullptr) return std::nullopt;
    const auto limit = plan->limits.find(totals.metric);
    if (limit == plan->limits.end()) return std::nullopt;
    const Decimal used = totals.sums.used(metric->aggregation);
    const int percent = reached_percent(used, limit->second);
    if (percent <= totals.notified_percent) return std::nullopt;
    const auto price = plan->prices.find(totals.metric);
    const bool is_soft = price != plan->prices.end() && price->second.limit_is_soft;
    return Passed{totals, metric->name, used, limit->second, percent, is_soft};
}

void Thresholds::look_at(const std::vector<Totals>& totals, const Metrics& metrics) {
    for (const Totals& one : totals) {
        if (queue_.size() >= thresholds_queue_max) break;
        if (auto reached = passed(one, metrics)) queue_.push_back(std::move(*reached));
    }
    if (queue_.empty() || std::exchange(running_, true)) return;
    spawn(io_, "usage_thresholds", drain());
}

Task<> Thresholds::drain() {
    while (!queue_.empty()) {
        try {
            co_await tell(std::exchange(queue_, {}));
        } catch (const Unavailable& away) {
            // The job finds them, or the next event of those metrics.
            log::warning("usage_thresholds_not_told", {
                                                          {"error", json::string(away.what())}
            });
        }
    }
    running_ = false;
}

Task<std::size_t> Thresholds::tell_missed(std::shared_ptr<const Metrics> metrics, Instant now) {
    const auto limits = limits_of(*metrics);
    const UsagePlan* free = metrics->plan({});
    std::size_t told = 0;
    while (!limits.empty()) {
        const auto texts = [&](std::string_view LimitRow::* member) {
            return db::column<std::string_view>(limits,
                                                [&](const LimitRow& row) { return row.*member; });
        };
        const db::Rows rows = co_await db_.run(
            select_missed,
            {texts(&LimitRow::plan), texts(&LimitRow::metric), texts(&LimitRow::aggregation),
             db::column<std::int64_t>(limits, [](const LimitRow& row) { return row.most; }),
             free == nullptr ? std::string() : free->key, db::param(now),
             db::param(std::int64_t{missed_at_once})});
        std::vector<Passed> missed;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            if (auto reached = passed(read_totals(rows, row), *metrics))
                missed.push_back(std::move(*reached));
        }
        if (missed.empty()) break;
        told += missed.size();
        co_await tell(std::move(missed));
        if (rows.size() < missed_at_once) break;
    }
    co_return told;
}

Task<> Thresholds::tell(std::vector<Passed> passed) {
    std::vector<notify::Notification> notifications;
    for (const Passed& one : passed) {
        const bool is_full = one.percent == full_percent;
        const std::string start = to_iso8601(one.totals.period.start);
        notifications.push_back({
            .account = one.totals.account,
            .type = is_full ? "usage_limit_reached" : "usage_limit_near",
            .title = is_full ? fmt::format("{}: limit reached", one.name)
                             : fmt::format("{}: {} % used", one.name, one.percent),
            .message = fmt::format("{} of {} are used in this billing period.{}",
                                   one.used.to_string(), one.limit,
                                   !is_full      ? ""
                                   : one.is_soft ? " You can go on."
                                                 : " Upgrade to use more."),
            .metadata = {{"metric", one.totals.metric},
                         {"used", one.used.to_string()},
                         {"limit", one.limit},
                         {"percent", one.percent},
                         {"period_start", start}},
            .fact_key = fmt::format("usage:{}:{}:{}", one.totals.metric, start, one.percent)
        });
    }
    co_await db_.transaction([&](db::Tx& tx) -> Task<> {
        co_await notify::add(tx, notifications);
        co_await note_told(tx, passed);
    });
}

Task<> Thresholds::note_told(db::Tx& tx, std::vector<Passed> passed) {
    co_await tx.run(
        update_told,
        {db::column<std::string_view>(
             passed, [](const Passed& p) { return std::string_view(p.totals.account.value); }),
         db::column<std::string_view>(
             passed, [](const Passed& p) { return std::string_view(p.totals.metric); }),
         db::column<Instant>(passed, [](const Passed& p) { return p.totals.period.start; }),
         db::column<std::int64_t>(passed,
                                  [](const Passed& p) { return std::int64_t{p.percent}; })});
}

Task<> Thresholds::note_reached(db::Tx& tx, std::vector<Totals> totals,
                                std::shared_ptr<const Metrics> metrics) {
    std::vector<Passed> reached;
    for (const Totals& one : totals) {
        if (auto passed_now = passed(one, *metrics)) reached.push_back(std::move(*passed_now));
    }
    if (!reached.empty()) co_await note_told(tx, std::move(reached));
}

jobs::Handler thresholds_job(Thresholds& thresholds, MetricsCache& metrics, const Clock& clock) {
    return [&thresholds, &metrics, &clock](jobs::Job) -> Task<Result<void>> {
        const auto known = co_await metrics.current();
        const std::size_t told = co_await thresholds.tell_missed(known, clock.now());
        if (told > 0)
            log::info("usage_thresholds_found", {
                                                    {"told", told}
            });
        co_return Result<void>{};
    };
}

}  // namespace paydesk::usage
