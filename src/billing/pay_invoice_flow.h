#pragma once
// Tries to collect an open invoice at once, when the buyer has replaced the card: the provider alone would
// wait until its next attempt.
//
// There is no request behind it: apply_change enqueues the job when an account's default payment method
// changes (dunning_store.h), once per invoice and method.

#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* pay_invoice_job_kind = "pay_invoice";

// What the runner must do with pay_invoice_job_kind: nothing where the invoice is not open any more.
// A card that is declined again is no failure of the job: the provider's events tell of it.
// `flows` outlives the handler.
jobs::Handler pay_invoice_job(const Flows& flows);

}  // namespace paydesk::billing
