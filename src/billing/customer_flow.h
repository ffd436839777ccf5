#pragma once
// Gets the account's customer at the provider, or makes it.

#include "base/error.h"
#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* customer_job_kind = "create_customer";
inline constexpr std::chrono::seconds customer_job_delay{90};

// ENSURES: however many ask at once, and however often it dies in between, the account has one
//          customer: the intent is the account's row in `customers`, its key "customer:<account>",
//          and a repeated call carries what the first one carried (the row's e-mail and name). A job
//          takes up what died between call and outcome, long before the provider forgets the key.
// Also makes the account's own row on its first request.
// Refuses with what create_customer() refuses with.
Task<Result<provider::Ref>> ensure_customer(const Flow& flow, Buyer buyer);

// The customer, where there is one already.
Task<std::optional<provider::Ref>> find_customer(const Flow& flow, AccountId account);

// What the runner must do with customer_job_kind. `flows` outlives the handler.
jobs::Handler customer_job(const Flows& flows);

}  // namespace paydesk::billing
