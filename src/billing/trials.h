#pragma once
// One trial for each person, by account and by card.
//
// By account a checkout knows before it begins (checkout_store). A card is known only once it has been
// given, and then the trial has begun: a job looks at its fingerprint, which is the same under every
// account. Where another account had a trial with that card, this one ends at once. Nothing was charged,
// nobody is charged by surprise; the person is told why, and may subscribe without a trial.

#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* trial_job_kind = "check_trial";
// The card's own event comes with the subscription's.
inline constexpr std::chrono::seconds trial_job_delay{5};

// What the runner must do with trial_job_kind. `flow` outlives the handler.
jobs::Handler trial_job(const Flows& flows);

}  // namespace paydesk::billing
