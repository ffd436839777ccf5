// GET /api/stripe/get-usage, /api/usage/check
#include <map>

#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/usage_json.h"
#include "usage/read_usage.h"
#include "usage/usage.h"

namespace paydesk::api {
namespace {

using Days = std::map<std::string, std::vector<std::string>, std::less<>>;  // by metric

http::Response unknown_metric(std::string_view metric) {
    return field_problem({
        {"metric", metric.empty() ? "is missing: name what is counted, such as api_calls."
                                  : "is not counted: plans.toml has no [[meter]] of this key."}
    });
}

Task<Days> read_days(const Services& services, Caller caller, usage::Period period,
                     std::vector<std::string> metrics,
                     std::shared_ptr<const usage::Metrics> known) {
    const db::Rows rows =
        co_await services.db.run_as(caller.identity(), usage::read_days,
                                    usage::read_days_params(caller.account, period, metrics));
    Days days;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const usage::Metric* metric = known->find(rows.text(row, "metric"));
        if (metric == nullptr) continue;
        days[metric->key].push_back(
            JsonText()
                .text("date", rows.text(row, "day"))
                .number("quantity", usage::read_sums(rows, row).used(metric->aggregation))
                .done());
    }
    co_return days;
}

JsonText& amounts(JsonText& json, const usage::UsageReport& report, bool costs, std::int64_t now,
                  std::int64_t expected) {
    if (!report.is_rated || !costs)
        return json.raw("estimated_amount", "null").raw("forecast_amount", "null");
    return json.number("estimated_amount", now).number("forecast_amount", expected);
}

std::string line_json(const usage::UsageReport& report, const usage::UsageLine& line,
                      const Days* days) {
    JsonText json;
    json.text("metric_name", line.metric->key)
        .text("name", line.metric->name)
        .text("unit", line.metric->unit)
        .text("aggregation", to_string(line.metric->aggregation))
        .number("used", line.used)
        .number("forecast", line.expected)
        .number("limit", line.limit.limit)
        .text("limit_kind", line.limit.is_soft ? "soft" : "hard")
        .number("included", line.price == nullptr ? Decimal() : line.price->included)
        .number("late_events", line.late_events);
    amounts(json, report, line.price != nullptr, line.amount, line.expected_amount);
    if (days != nullptr) {
        const auto found = days->find(line.metric->key);
        json.raw("days", found == days->end() ? "[]" : json_list(found->second));
    }
    return json.done();
}

std::string report_json(const usage::UsageReport& report, const Days* days) {
    std::vector<std::string> lines;
    for (const usage::UsageLine& line : report.lines)
        lines.push_back(line_json(report, line, days));
    JsonText json;
    json.text("billing_period_start", to_iso8601(report.period.start))
        .text("billing_period_end", to_iso8601(report.period.end))
        .text_or_null("subscription_id", report.subscription_id)
        .text_or_null("plan_key", report.plan_key)
        .text("currency", report.currency.lower_code())
        .number("base_amount", report.base_amount);
    amounts(json, report, true, report.amount, report.expected_amount);
    return json.raw("usage", json_list(lines)).done();
}

Task<http::Response> get_usage(const Services& services, const http::Request& request,
                               Caller caller) {
    QueryFields query(request.query);
    const auto metric = query.text("metric");
    const auto at = query.instant("at");
    const auto series = query.choice("series", {"day"});
    if (auto refused = query.refused()) co_return *refused;
    const auto metrics = co_await services.usage.metrics.current();
    if (metric && metrics->find(*metric) == nullptr) co_return unknown_metric(*metric);

    std::vector<std::string> wanted;
    for (const auto& [key, known] : metrics->metrics) {
        if (!metric || *metric == key) wanted.push_back(key);
    }
    const Instant now = services.clock.now();
    const db::Rows rows = co_await services.db.run_as(
        caller.identity(), usage::read_period,
        usage::read_period_params(caller.account, at.value_or(now), wanted));
    const auto report = usage::report_usage(rows, *metrics, wanted, now);
    std::optional<Days> days;
    if (series)
        days = co_await read_days(services, std::move(caller), report.period, wanted, metrics);
    co_return json_text_response(report_json(report, days ? &*days : nullptr));
}

Task<http::Response> check(const Services& services, const http::Request& request, Caller caller) {
    QueryFields query(request.query);
    auto metric = query.text("metric");
    if (!metric) metric = query.text("feature");
    const auto quantity = query.text("quantity");
    if (auto refused = query.refused()) co_return *refused;
    const auto asked = usage::parse_quantity(quantity.value_or("1"));
    if (!asked || asked->is_negative())
        co_return field_problem({
            {"quantity", asked ? "must not be negative." : asked.error().message}
        });
    const auto metrics = co_await services.usage.metrics.current();
    const usage::Metric* known = metric ? metrics->find(*metric) : nullptr;
    if (known == nullptr) co_return unknown_metric(metric.value_or(""));

    const Instant now = services.clock.now();
    const std::vector<std::string> wanted{known->key};
    const db::Rows rows =
        co_await services.db.run_as(caller.identity(), usage::read_period,
                                    usage::read_period_params(caller.account, now, wanted));
    const auto report = usage::report_usage(rows, *metrics, wanted, now);
    const usage::UsageLine& line = report.lines.front();
    const Decimal after = usage::used_after(known->aggregation, line.used, *asked);
    co_return json_text_response(
        limit_json(known->key, line.limit.allows(after), line.used, line.limit, report.period));
}

}  // namespace

void add_usage_read_routes(http::Router& router, const Services& services) {
    router.on("GET /api/stripe/get-usage",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return get_usage(services, request, std::move(caller));
              }));
    router.on("GET /api/usage/check",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return check(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
