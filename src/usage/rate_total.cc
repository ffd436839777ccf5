#include "usage/rate_total.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "usage/rating.h"

namespace paydesk::usage {
namespace {

void cannot_rate(const Totals& totals, std::string_view subject, const char* why) {
    log::error("usage_cannot_be_rated", {
                                            {"account_id", json::string(totals.account.value)},
                                            {"metric",     json::string(totals.metric)       },
                                            {"invoice",    json::string(subject)             },
                                            {"why",        json::string(why)                 }
    });
}

}  // namespace

std::optional<RatedTotal> rate_total(const Totals& totals, bool in_trial,
                                     std::string_view currency_code, std::string_view subject,
                                     const Metrics& metrics) {
    const Metric& metric = *metrics.find(totals.metric);
    const UsagePlan* plan = metrics.plan(totals.plan_key);
    const auto currency = Currency::parse(currency_code);
    const bool is_plan = plan != nullptr && totals.plan_key == plan->key;
    if (!currency || !is_plan) {
        cannot_rate(totals, subject, "its plan or currency is not known");
        return std::nullopt;
    }
    const Decimal used = totals.sums.used(metric.aggregation);
    Money amount = Money::zero(*currency);
    const auto price = plan->prices.find(metric.key);
    if (price != plan->prices.end() && !in_trial) {
        if (*currency != metrics.currency) {
            cannot_rate(totals, subject, "the subscription is in another currency than plans.toml");
            return std::nullopt;
        }
        const auto rated = rate(price->second, used, *currency);
        if (!rated) {
            cannot_rate(totals, subject, "the amount is too large");
            return std::nullopt;
        }
        amount = *rated;
    }
    return RatedTotal{.quantity = used,
                      .amount = amount,
                      .description = fmt::format("{}: {}{}{}", metric.name, used.to_string(),
                                                 metric.unit.empty() ? "" : " ", metric.unit)};
}

}  // namespace paydesk::usage
