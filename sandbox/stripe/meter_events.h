#pragma once
// Meter events: /v1/billing/meter_events, .../meter_event_adjustments, .../event_summaries.

#include <optional>
#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Of a meter event, whoever brings it.
inline constexpr std::int64_t event_age_max = 35 * 86400;
inline constexpr std::int64_t event_ahead_max = 300;
// An identifier is not taken twice, and an event can be taken back, for so long.
inline constexpr std::int64_t identifier_seconds = 24 * 3600;

// What is wrong with an event, in the words of v1.billing.meter.error_report_triggered.
struct MeterProblem {
    std::string code;
    std::string message;
    std::string param;
};

struct MeterEvent {
    std::string event_name;
    std::string identifier;
    std::int64_t timestamp = 0;  // 0 for now
    std::int64_t created = 0;
    Object payload;
};

// As the API takes one: fills in the identifier and the times. Refuses with no_meter,
// archived_meter, timestamp_..., and for an identifier that was taken already; whatever else is
// wrong with it is found afterwards and told by v1.billing.meter.error_report_triggered.
MeterEvent accept_meter_event(Account& account, MeterEvent event);

// As a stream takes one: everything that is wrong with it is told afterwards. A repeated
// identifier is no news.
void stream_meter_event(Account& account, MeterEvent event);

// Takes an event back: {object, cancel, event_name, livemode, status, type}.
Object cancel_meter_event(Account& account, const std::string& event_name,
                          const std::string& identifier);

}  // namespace paydesk::sandbox::stripe
