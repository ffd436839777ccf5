#pragma once
// Meters: /v1/billing/meters. What is counted, of whom, and how it adds up.

#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// The active meter of events with this name, else an inactive one; nullptr for none.
const Object* meter_of_event(const Account& account, std::string_view event_name);

}  // namespace paydesk::sandbox::stripe
