#pragma once
// What was used on PayPal's plans, charged: PayPal has no draft that a line could be added to, so an ended period's
// usage becomes an invoice of our own, which its buyer pays with an order.
//
//     period over for charge_after ── rate, outside ──▶ one transaction: invoice, usage_charges, period invoiced
//
// No provider is called. One invoice a period, whatever dies and however many servers do it at once: it is all there or
// nothing of it. What is counted in the period afterwards is flagged as late, and is on no invoice.

#include <functional>

#include "base/clock.h"
#include "jobs/runner.h"
#include "provider/change.h"
#include "usage/metrics.h"

namespace paydesk::usage {

inline constexpr const char* overage_job_kind = "invoice_usage";
inline constexpr std::chrono::minutes overage_job_period{5};

// What makes the invoice of a change in the caller's transaction (billing/apply_change.h). Refuses where it could not;
// then nothing of the transaction may stay.
using MakeInvoice = std::function<Task<Result<void>>(db::Tx& tx, provider::Change, Instant now)>;

struct OverageOptions {
    MakeInvoice make_invoice;
    // Where people pay an invoice of this id; none: nowhere that we know.
    std::function<std::optional<std::string>(std::string_view invoice)> pay_url;
    bool livemode = false;
};

struct OverageResult {
    std::size_t closed = 0;    // periods, with an invoice or with nothing to pay
    std::size_t invoiced = 0;  // of these, with an invoice
    std::size_t unrated = 0;   // left: it cannot be said what they cost, the log says why
    std::size_t moved = 0;     // left: they changed meanwhile, or another server was first
};

// The invoice of a period: "usage/<subscription>/<its begin>".
provider::Ref usage_invoice_id(const provider::Ref& subscription, Instant period_start);

// Rates what is charged of each period of PayPal's that has been over for charge_after (charge_flow.h: events still
// come in) and is not invoiced, by the plan and prices that Stripe's would be rated by, whether by its meters or
// by us. `options` outlives it.
Task<OverageResult> invoice_overage(db::Database& db, std::shared_ptr<const Metrics> metrics,
                                    const OverageOptions& options, Instant now);

// The arguments outlive the handler.
jobs::Handler overage_job(db::Database& db, MetricsCache& metrics, const Clock& clock,
                          OverageOptions options);

}  // namespace paydesk::usage
