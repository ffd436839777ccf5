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
    std::int64_t timestamp = 0;
    Object payload;
};

// Stores the event for its meter and customer, or says why it can't be counted.
// An inactive meter is archived_meter, an unknown name no_meter.
std::optional<MeterProblem> take_meter_event(Account& account, const MeterEvent& event);

}  // namespace paydesk::sandbox::stripe
