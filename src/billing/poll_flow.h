#pragma once
// Asks PayPal about what may have changed without its telling: it gives a webhook up after three days, and
// loses some.
//
//     due (poll_store.h) ──▶ ask (ask_flow.h) ──▶ apply_changes, as for any webhook
//
// Due is: each hour a subscription that is past its period's end or its last day, else once a day; an order
// or approval that is open, every five minutes in its first hour, then hourly; a payment or refund that is
// pending, once a day.

#include "base/error.h"
#include "billing/flow.h"
#include "jobs/runner.h"

namespace paydesk::billing {

inline constexpr const char* paypal_poll_job_kind = "paypal_poll";
inline constexpr std::chrono::minutes paypal_poll_period{5};
inline constexpr std::int64_t paypal_poll_objects_default = 200;

struct PollOptions {
    std::int64_t objects_max =
        paypal_poll_objects_default;  // of one run; the rest waits for the next
    bool all = false;                 // also what is not due
};

struct Polled {
    std::int64_t asked = 0;
    std::int64_t refused = 0;  // PayPal doesn't know it, or our keys may not see it: logged
};

// Refuses with provider_unavailable as soon as PayPal does not answer: what was asked till then is applied.
// `flow`: PayPal's.
Task<Result<Polled>> poll(const Flow& flow, PollOptions options);

// What the runner must do with paypal_poll_job_kind; nothing where PayPal is not configured.
// `flows` outlives the handler.
jobs::Handler paypal_poll_job(const Flows& flows, std::int64_t objects_max);

}  // namespace paydesk::billing
