#include "usage/thresholds.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "db/array_param.h"
#include "notify/notifications.h"

namespace paydesk::usage {
namespace {

constexpr db::Statement note_told{"usage_note_told", R"(
    update paydesk.usage_totals t set notified_percent = g.percent
    from (select unnest($1::text[])::uuid as account_id, unnest($2::text[]) as metric,
                 unnest($3::timestamptz[]) as period_start, unnest($4::bigint[]) as percent) g
    where t.account_id = g.account_id and t.metric = g.metric and t.period_start = g.period_start
      and t.notified_percent < g.percent)"};

}  // namespace

int reached_percent(Decimal used, std::int64_t limit) {
    if (limit <= 0) return 0;
    if (used >= Decimal::from_int(limit)) return full_percent;
    const auto hundredfold = used.times(Decimal::from_int(full_percent));
    const auto warned = Decimal::from_int(limit).times(Decimal::from_int(warn_percent));
    return hundredfold && warned && *hundredfold >= *warned ? warn_percent : 0;
}

void Thresholds::look_at(const std::vector<Totals>& totals, const Metrics& metrics) {
    for (const Totals& one : totals) {
        const UsagePlan* plan = metrics.plan(one.plan_key);
        const Metric* metric = metrics.find(one.metric);
        if (plan == nullptr || metric == nullptr) continue;
        const auto limit = plan->limits.find(one.metric);
        if (limit == plan->limits.end()) continue;
        const Decimal used = one.sums.used(metric->aggregation);
        const int percent = reached_percent(used, limit->second);
        if (percent <= one.notified_percent || queue_.size() >= thresholds_queue_max) continue;
        const auto price = plan->prices.find(one.metric);
        const bool is_soft = price != plan->prices.end() && price->second.limit_is_soft;
        queue_.push_back({one, metric->name, used, limit->second, percent, is_soft});
    }
    if (queue_.empty() || std::exchange(running_, true)) return;
    spawn(io_, "usage_thresholds", drain());
}

Task<> Thresholds::drain() {
    while (!queue_.empty()) {
        try {
            co_await tell(std::exchange(queue_, {}));
        } catch (const Unavailable& away) {
            // The next event of those metrics looks again.
            log::warning("usage_thresholds_not_told", {
                                                          {"error", json::string(away.what())}
            });
        }
    }
    running_ = false;
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
        co_await tx.run(
            note_told,
            {db::column<std::string_view>(
                 passed, [](const Passed& p) { return std::string_view(p.totals.account.value); }),
             db::column<std::string_view>(
                 passed, [](const Passed& p) { return std::string_view(p.totals.metric); }),
             db::column<Instant>(passed, [](const Passed& p) { return p.totals.period.start; }),
             db::column<std::int64_t>(passed,
                                      [](const Passed& p) { return std::int64_t{p.percent}; })});
    });
}

}  // namespace paydesk::usage
