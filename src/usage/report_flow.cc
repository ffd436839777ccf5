#include "usage/report_flow.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "usage/report_store.h"

namespace paydesk::usage {
namespace {

constexpr std::int64_t hours_at_once = 500;
constexpr std::int64_t reports_at_once = 200;
// Of one run; what is left is due still.
constexpr int rounds_max = 200;

void tell_refusal(const report_store::Pending& report, const Error& error) {
    log::error("usage_report_refused", {
                                           {"account_id", json::string(report.account)   },
                                           {"identifier", json::string(report.identifier)},
                                           {"event_name", json::string(report.event_name)},
                                           {"error",      json::string(error.message)    },
                                           {"detail",     json::string(error.detail)     }
    });
}

// False when the provider does not answer: the rest waits.
Task<bool> send(db::Database& db, provider::Metering& metering, report_store::Pending report,
                ReportResult& result, Instant now) {
    const auto sent = co_await metering.report_usage({.event_name = report.event_name,
                                                      .customer = report.customer,
                                                      .quantity = report.quantity,
                                                      .identifier = report.identifier,
                                                      .at = report.at,
                                                      .level = report.level,
                                                      .item = report.item});
    if (!sent && info(sent.error().code).retryable) co_return false;
    if (sent) {
        result.sent += 1;
    } else {
        result.refused += 1;
        tell_refusal(report, sent.error());
    }
    metrics::count("paydesk_usage_reports_total", {
                                                      {"outcome", sent ? "sent" : "refused"}
    });
    std::optional<std::string> error;
    if (!sent) error = sent.error().message + " " + sent.error().detail;
    co_await report_store::finish(db, std::move(report), std::move(error), now);
    co_return true;
}

}  // namespace

Task<ReportResult> report_usage(db::Database& db, provider::Metering& metering, Instant now) {
    ReportResult result;
    // Records are refused once their period is over: what an hour has until now is told at once, and its rest later.
    const Instant over_at = metering.has_meters() ? now : now + std::chrono::hours(1);
    for (int round = 0; round < rounds_max; ++round) {
        const std::size_t hours = co_await report_store::make(db, now, over_at, hours_at_once);
        result.made += hours;
        if (hours < static_cast<std::size_t>(hours_at_once)) break;
    }
    for (int round = 0; round < rounds_max; ++round) {
        auto reports = co_await report_store::pending(db, reports_at_once);
        if (reports.empty()) break;
        for (std::size_t i = 0; i < reports.size(); ++i) {
            if (!co_await send(db, metering, std::move(reports[i]), result, now)) {
                result.left = reports.size() - i;
                co_return result;
            }
        }
    }
    co_return result;
}

jobs::Handler report_job(db::Database& db, provider::Metering& metering, const Clock& clock) {
    return [&db, &metering, &clock](jobs::Job) -> Task<Result<void>> {
        const auto result = co_await report_usage(db, metering, clock.now());
        if (result.left > 0) {
            co_return Error{ErrorCode::provider_unavailable, "The provider's meters do not answer.",
                            fmt::format("{} reports are left", result.left)};
        }
        co_return Result<void>{};
    };
}

}  // namespace paydesk::usage
