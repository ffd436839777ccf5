#pragma once
// Charges what we rate ourselves: a line for each metric on the provider's renewal invoice while it is a draft.
//
//     draft of a renewal ──▶ usage_charges, pending ──▶ provider ──▶ charged
//     rate the ended period      amount fixed, once         outside     second transaction
//
// One charge per account, metric and period, whatever dies in between: the line is made under the charge's own key.

#include "base/clock.h"
#include "jobs/runner.h"
#include "provider/metering.h"
#include "usage/metrics.h"

namespace paydesk::usage {

inline constexpr const char* charge_job_kind = "charge_usage";
inline constexpr std::chrono::minutes charge_job_period{5};
// A draft is final after about an hour (Stripe). Until then events of its period still come in.
inline constexpr std::chrono::minutes charge_after{30};

struct ChargeResult {
    std::size_t made = 0, charged = 0, refused = 0, left = 0;
};

// Rates the periods whose renewal invoice is a draft of at least charge_after, and brings the lines to it.
Task<ChargeResult> charge_usage(db::Database& db, provider::Metering& metering,
                                std::shared_ptr<const Metrics> metrics, Instant now);

// The arguments outlive the handler.
jobs::Handler charge_job(db::Database& db, provider::Metering& metering, MetricsCache& metrics,
                         const Clock& clock);

}  // namespace paydesk::usage
