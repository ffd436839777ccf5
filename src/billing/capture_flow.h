#pragma once
// Takes the money of an order that its buyer has approved (PayPal): nothing is paid before.
//
//     approved ── job (apply_checkout.cc), or the page that the buyer comes back to ──▶ call, key
//     "capture:<checkout id>" ──▶ apply_changes
//
// Safe under all of it at once: the key is the checkout's, and what is captured already is told again.

#include <string>

#include "base/error.h"
#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* capture_job_kind = "capture_checkout";

// `checkout`: our id, or the provider's. Gives our id; the row says what came of it: complete, or
// processing where the provider still looks at the payment.
// Refuses, in this order, with
//   not_found                another account's is not found either
//   provider_not_configured
//   checkout_not_approved    it was given up, or its buyer has not agreed yet
//   invoice_not_payable      the invoice that it was to pay was written off meanwhile
// and with what the provider refuses with: payment_declined leaves it open, and its URL leads to another
// way of paying.
Task<Result<std::string>> capture_checkout(const Flows& flows, AccountId account,
                                           std::string checkout);

// What the runner must do with capture_job_kind. Declined or not approved is no failure of the job: the
// buyer goes on, or leaves. `flows` outlives the handler.
jobs::Handler capture_job(const Flows& flows);

}  // namespace paydesk::billing
