#pragma once
// Tells the provider's meters what was used: hourly, added up per customer, metric and hour.
//
//     usage_hours, not reported ──▶ usage_reports, pending ──▶ provider ──▶ sent
//     one statement                  identifier, quantity        outside      second transaction
//
// What a report says is fixed in the same statement that marks its hours as reported, under an identifier that
// follows from it: whatever dies in between, sent again it is the same report, which the provider counts once. What is
// used in such an hour later is another report, of the difference.

#include "base/clock.h"
#include "jobs/runner.h"
#include "provider/metering.h"
#include "usage/metrics.h"

namespace paydesk::usage {

inline constexpr const char* report_job_kind = "report_usage";
inline constexpr std::chrono::minutes report_job_period{10};  // an hour is told when it is over

struct ReportResult {
    std::size_t made = 0, sent = 0, refused = 0;
    std::size_t left = 0;  // the provider did not answer: the next run sends them again
};

// Reports all hours that are over, and those of periods that are. Accounts without a customer at the provider wait.
Task<ReportResult> report_usage(db::Database& db, provider::Metering& metering, Instant now);

// The arguments outlive the handler.
jobs::Handler report_job(db::Database& db, provider::Metering& metering, const Clock& clock);

}  // namespace paydesk::usage
