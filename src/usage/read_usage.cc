#include "usage/read_usage.h"

#include "db/array_param.h"
#include "usage/period_sql.h"

namespace paydesk::usage {

const db::Statement read_period{"usage_read_period", R"(
    select p.period_start, p.period_end, p.plan_key, p.subscription_id, e.plan_key as entitled_plan,
           s.currency, s.unit_amount * s.quantity as base_amount,
           t.metric, t.events, t.quantity, t.maximum, t.last_value, t.uniques, t.late_events
    from (select $1::uuid as account_id, $2::timestamptz as at) g)" PD_USAGE_PERIOD_OF("g",
                                                                                       "at") R"(
    left join paydesk.subscriptions s on s.account_id = g.account_id and s.id = p.subscription_id
    left join paydesk.entitlements e on e.account_id = g.account_id
    left join paydesk.usage_totals t on t.account_id = g.account_id and t.metric = any ($3::text[])
                                    and t.period_start = p.period_start)"};

const db::Statement read_days{"usage_read_days", R"(
    select h.metric, (h.hour at time zone 'UTC')::date::text as day, sum(h.events)::bigint as events,
           sum(h.quantity) as quantity, max(h.maximum) as maximum,
           (array_agg(h.last_value order by h.last_at desc) filter (where h.last_value is not null))[1]
               as last_value,
           sum(h.uniques)::bigint as uniques
    from paydesk.usage_hours h
    where h.account_id = $1::uuid and h.metric = any ($4::text[])
      and h.hour > $2::timestamptz - interval '1 hour' and h.hour < $3::timestamptz and h.period_start = $2
    group by 1, 2 order by 1, 2)"};

namespace {

db::Param names(const std::vector<std::string>& list) {
    return db::column<std::string_view>(
        list, [](const std::string& name) { return std::string_view(name); });
}

bool adds_up(catalog::Aggregation aggregation) {
    return aggregation != catalog::Aggregation::max && aggregation != catalog::Aggregation::last;
}

// Beyond what money holds: nobody is billed that; it is shown as the most there is.
std::int64_t cost(const catalog::UsagePrice& price, Decimal used, Currency currency) {
    const auto rated = rate(price, used, currency);
    return rated ? rated->minor_units() : std::numeric_limits<std::int64_t>::max() / 1'000;
}

UsageLine line_of(const Metric& metric, const UsagePlan* plan, UsageReport& report) {
    UsageLine line{.metric = &metric};
    if (plan == nullptr) return line;
    const auto price = plan->prices.find(metric.key);
    if (price != plan->prices.end() && price->second.costs() && report.is_rated)
        line.price = &price->second;
    return line;
}

void rate_line(UsageLine& line, UsageReport& report, Instant now) {
    line.expected =
        adds_up(line.metric->aggregation) ? forecast(line.used, report.period, now) : line.used;
    if (line.price == nullptr) return;
    line.amount = cost(*line.price, line.used, report.currency);
    line.expected_amount = cost(*line.price, line.expected, report.currency);
    report.amount += line.amount;
    report.expected_amount += line.expected_amount;
}

}  // namespace

db::Params read_period_params(const AccountId& account, Instant at,
                              const std::vector<std::string>& metrics) {
    return {account.value, db::param(at), names(metrics)};
}

db::Params read_days_params(const AccountId& account, const Period& period,
                            const std::vector<std::string>& metrics) {
    return {account.value, db::param(period.start), db::param(period.end), names(metrics)};
}

Decimal used_after(catalog::Aggregation aggregation, Decimal used, Decimal quantity) {
    switch (aggregation) {
        case catalog::Aggregation::max:
            return std::max(used, quantity);
        case catalog::Aggregation::last:
            return quantity;
        default:
            const auto sum = used.plus(quantity);
            return sum ? *sum : used;
    }
}

UsageReport report_usage(const db::Rows& rows, const Metrics& metrics,
                         const std::vector<std::string>& wanted, Instant now) {
    UsageReport report{
        .period = {.start = rows.instant(0, "period_start"), .end = rows.instant(0, "period_end")},
        .subscription_id = rows.optional_text(0, "subscription_id"),
        .plan_key = rows.optional_text(0, "plan_key")
    };
    const auto entitled = rows.optional_text(0, "entitled_plan");
    const UsagePlan* plan = metrics.plan(report.plan_key);
    if (plan != nullptr) report.plan_key = plan->key;
    report.currency = metrics.currency;
    if (!rows.is_null(0, "base_amount")) {
        const auto currency = Currency::parse(rows.text(0, "currency"));
        report.is_rated = currency && *currency == metrics.currency;
        if (currency) report.currency = *currency;
        report.base_amount = rows.integer(0, "base_amount");
    }
    report.amount = report.expected_amount = report.base_amount;
    for (const std::string& key : wanted) {
        const Metric* metric = metrics.find(key);
        if (metric == nullptr) continue;
        UsageLine line = line_of(*metric, plan, report);
        line.limit = limit_of(metrics, entitled, key);
        for (std::size_t row = 0; row < rows.size(); ++row) {
            if (rows.is_null(row, "metric") || rows.text(row, "metric") != key) continue;
            line.used = read_sums(rows, row).used(metric->aggregation);
            line.late_events = rows.integer(row, "late_events");
        }
        rate_line(line, report, now);
        report.lines.push_back(std::move(line));
    }
    return report;
}

}  // namespace paydesk::usage
