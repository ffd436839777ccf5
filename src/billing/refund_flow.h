#pragma once
// Gives money back: all that is left of a payment, or a part of it.
//
//     decide ──▶ row 'pending', job ── call, key "refund:<id>" ──▶ apply_changes, job gone
//
// The row is the intent: once it is committed the refund counts against what is left of the payment,
// and it is carried out, by this request or by the job that takes it up after a crash. The database
// itself refuses an intent above what is left (refunds_within_payment), so two operators at once cannot
// give back more than was paid.

#include <optional>
#include <string>

#include "base/error.h"
#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* refund_job_kind = "refund";
// The request itself is done long before; then the job finds nothing to do.
inline constexpr std::chrono::seconds refund_job_delay{90};
// Stripe forgets idempotency keys after a day. Before that, what was made is found by its key; after, it is
// looked for by our id in its metadata, every time.
inline constexpr std::chrono::hours refund_key_lifetime{20};

struct RefundWish {
    std::string payment;                 // our id
    std::optional<std::int64_t> amount;  // minor units; none: all that is left. REQUIRES: > 0
    std::optional<std::string> reason;   // "requested_by_customer", "duplicate", "fraudulent"
    std::optional<std::string> note;     // the operator's words, for the audit
    std::string actor;                   // "admin:<uuid>", "service"
    // The request's Idempotency-Key: the same wish under it is one refund, for ever and whoever died meanwhile.
    std::optional<std::string> key = {};
};

struct RefundMade {
    AccountId account;
    std::string id;  // ours
};

// ENSURES: on success the refund is recorded with its audit row: succeeded, pending at the provider, or,
//          where the provider does not answer, pending here and taken up by a job.
// Refuses with not_found; payment_not_refundable (it failed, or the provider has it not as a payment);
// refund_exceeds_payment (the message has what is left); and with what the provider refuses with: then
// the row stays as 'failed'.
Task<Result<RefundMade>> refund_payment(const Flows& flows, RefundWish wish);

// What the runner must do with refund_job_kind. `flow` outlives the handler.
jobs::Handler refund_job(const Flows& flows);

}  // namespace paydesk::billing
