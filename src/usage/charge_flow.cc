#include "usage/charge_flow.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "usage/charge_store.h"
#include "usage/rate_total.h"

namespace paydesk::usage {
namespace {

constexpr std::int64_t charges_at_once = 200;
constexpr int rounds_max = 200;

std::vector<std::string> charged_metrics(const Metrics& metrics) {
    std::vector<std::string> keys;
    for (const auto& [key, metric] : metrics.metrics) {
        if (metric.charge == catalog::UsageCharge::invoice_item) keys.push_back(key);
    }
    return keys;
}

// Nothing where it cannot be said what it costs; an operator is told.
std::optional<charge_store::Charge> rate_one(const charge_store::Due& due, const Metrics& metrics) {
    auto rated = rate_total(due.totals, due.in_trial, due.currency, due.invoice, metrics);
    if (!rated) return std::nullopt;
    return charge_store::Charge{.account = due.totals.account.value,
                                .metric = due.totals.metric,
                                .period = due.totals.period,
                                .invoice = {due.invoice},
                                .customer = {},
                                .quantity = rated->quantity,
                                .amount = rated->amount,
                                .description = std::move(rated->description),
                                .events = due.totals.sums.events};
}

Task<bool> bring(db::Database& db, provider::Metering& metering, charge_store::Charge charge,
                 ChargeResult& result, Instant now) {
    const provider::IntentId intent{
        fmt::format("usage:{}:{}:{}", charge.account, charge.metric, to_unix(charge.period.start))};
    const auto item =
        co_await metering.add_invoice_item(intent, {.customer = charge.customer,
                                                    .invoice = charge.invoice,
                                                    .amount = charge.amount,
                                                    .description = charge.description,
                                                    .period_start = charge.period.start,
                                                    .period_end = charge.period.end});
    if (!item && info(item.error().code).retryable) co_return false;
    std::optional<provider::Ref> made;
    std::optional<std::string> error;
    if (item) {
        made = *item;
        result.charged += 1;
    } else {
        error = item.error().message + " " + item.error().detail;
        result.refused += 1;
        log::error("usage_charge_refused", {
                                               {"account_id", json::string(charge.account)      },
                                               {"metric",     json::string(charge.metric)       },
                                               {"invoice",    json::string(charge.invoice.value)},
                                               {"error",      json::string(*error)              }
        });
    }
    co_await charge_store::finish(db, std::move(charge), std::move(made), std::move(error), now);
    co_return true;
}

}  // namespace

Task<ChargeResult> charge_usage(db::Database& db, provider::Metering& metering,
                                std::shared_ptr<const Metrics> metrics, Instant now) {
    ChargeResult result;
    const auto keys = charged_metrics(*metrics);
    std::int64_t skipped = 0;  // it cannot be said what they cost
    for (int round = 0; !keys.empty() && round < rounds_max; ++round) {
        const auto due =
            co_await charge_store::due(db, keys, now - charge_after, charges_at_once, skipped);
        if (due.empty()) break;
        std::vector<charge_store::Charge> charges;
        for (const auto& one : due) {
            if (auto charge = rate_one(one, *metrics)) charges.push_back(std::move(*charge));
        }
        skipped += static_cast<std::int64_t>(due.size() - charges.size());
        if (!charges.empty())
            result.made += co_await charge_store::add(db, std::move(charges), now);
    }
    for (int round = 0; round < rounds_max; ++round) {
        auto charges = co_await charge_store::pending(db, charges_at_once);
        if (charges.empty()) break;
        for (std::size_t i = 0; i < charges.size(); ++i) {
            if (!co_await bring(db, metering, std::move(charges[i]), result, now)) {
                result.left = charges.size() - i;
                co_return result;
            }
        }
    }
    co_return result;
}

jobs::Handler charge_job(db::Database& db, provider::Metering& metering, MetricsCache& metrics,
                         const Clock& clock) {
    return [&db, &metering, &metrics, &clock](jobs::Job) -> Task<Result<void>> {
        const auto known = co_await metrics.current();
        const auto result = co_await charge_usage(db, metering, known, clock.now());
        if (result.left > 0) {
            co_return Error{ErrorCode::provider_unavailable, "The provider does not answer.",
                            fmt::format("{} charges are left", result.left)};
        }
        co_return Result<void>{};
    };
}

}  // namespace paydesk::usage
