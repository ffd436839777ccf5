#pragma once
// Ends a second live subscription of one plan family (design 6: one per account and family).
//
// A PayPal approval link can't be taken back: somebody who left it open, bought elsewhere and then approved
// has two. The one that came later ends at once; its buyer and the operator are told, who decides about
// giving the money back.

#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* second_subscription_job_kind = "end_second_subscription";

// What the runner must do with second_subscription_job_kind, which apply_changes enqueues. Before it ends
// anything it asks whether the earlier one really lives. `flows` outlives the handler.
jobs::Handler second_subscription_job(const Flows& flows);

}  // namespace paydesk::billing
