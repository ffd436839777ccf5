#pragma once
// What the sandbox has of /v2: usage and what becomes of it. JSON in, JSON out.
//
//     POST /v2/billing/meter_events, meter_event_adjustments     one at a time
//     POST /v2/billing/meter_event_session, meter_event_stream   many, judged afterwards
//     /v2/core/event_destinations                                who is sent thin events
//     GET  /v2/core/events[/{id}]                                the events themselves
//
// Idempotency keys are not kept: a meter event's identifier does that.

#include "http/message.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Commits what the call changed, or nothing of it.
http::Response answer_v2(Account& account, const http::Request& request);

}  // namespace paydesk::sandbox::stripe
