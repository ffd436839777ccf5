#pragma once
// Ends a subscription at its period's end, takes that back, or ends it now.
//
//     decide ──▶ job (the durable intent) ── call, key "cancel:<intent>" ──▶ apply_changes, job gone
//
// The provider's answer goes through billing::apply_changes like any webhook, so the row moves at
// once and the webhook that follows changes nothing. What dies between call and outcome, and what the
// provider did not answer, is taken up by the job: the person has asked once and need not again.

#include <string>

#include "base/error.h"
#include "billing/flow.h"
#include "billing/subscription_status.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* cancel_job_kind = "cancel_subscription";
// The request itself is done long before; then the job finds nothing to do.
inline constexpr std::chrono::seconds cancel_job_delay{90};

struct CancelWish {
    AccountId account;
    std::string subscription;  // our id, or the provider's
    provider::CancelWhen when;
    provider::CancelDetails details = {};
};

struct Cancelled {
    std::string subscription_id;  // ours
    bool asked;                   // false: it had ended already
};

enum class CancelStep : std::uint8_t { call, nothing_to_do };

// Pure. A live subscription is always asked for at the provider, also when our row says that it is so
// already: the row may be behind, and the provider's answer costs nothing when it changes nothing.
// Refuses with subscription_not_cancelable (it has ended, and is not asked to end now) and
// subscription_not_resumable (it has ended).
Result<CancelStep> decide_cancel(SubscriptionStatus status, provider::CancelWhen when);

// Refuses with not_found (another's subscription is not found either), provider_not_configured, then as decide_cancel(), and
// with what the provider refuses with. After provider_unavailable a job goes on trying.
Task<Result<Cancelled>> cancel_subscription(const Flows& flows, CancelWish wish);

// What the runner must do with cancel_job_kind. `flows` outlives the handler.
jobs::Handler cancel_job(const Flows& flows);

}  // namespace paydesk::billing
