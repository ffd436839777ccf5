#pragma once
// Thin events of the API's second version: a notification says what happened to what, the event
// itself is fetched (GET /v2/core/events/{id}). Meters tell by them what usage could not be counted.
//
// Stored as kind "v2.core.event". They go to event destinations (v2.cc), never to /v1's endpoints.

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/meter_events.h"

namespace paydesk::sandbox::stripe {

// "2027-01-15T08:00:00.000Z"
std::string iso_time(std::int64_t unix_seconds);

// Usage that could not be counted: v1.billing.meter.error_report_triggered about `meter`, or
// v1.billing.meter.no_meter_found where there is none (nullptr).
void report_meter_error(Account& account, const Object* meter, const std::string& identifier,
                        const MeterProblem& problem);

// What a destination is sent: the event without its data.
std::string notification_body(const Object& event);

}  // namespace paydesk::sandbox::stripe
