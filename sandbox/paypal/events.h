#pragma once
// Events as a webhook receives them, and the record of their deliveries.
//
// A delivery is a stored record of kind "_paypal_delivery":
//   {id, event, webhook, url, type, status: pending | delivered | failed | dropped, created,
//    next_attempt_at: Unix seconds of the sandbox's clock,
//    attempts: [{at, status, error, transmission_id, milliseconds}]}

#include <span>
#include <string>
#include <string_view>

#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

struct EventType {
    std::string_view name, resource_type, resource_version, summary;
};
// Those that the sandbox makes.
std::span<const EventType> event_types();
// nullptr when there is none.
const EventType* event_type(std::string_view name);

// {id: "WH-...", event_version, create_time, resource_type, resource_version, event_type, summary,
// resource, links}. REQUIRES: the type is known.
Object event_about(const Account& account, std::string_view type, Object resource);

// Exactly the bytes that are sent and signed.
std::string event_body(const Object& event);

// One pending delivery. `signed_as` is the webhook id of the signature where it is another.
void add_delivery(Account& account, const Object& event, std::string_view webhook,
                  std::string_view url, std::string_view signed_as = {});
// One for each webhook that listens to the event's type. How many.
int add_deliveries(Account& account, const Object& event);

}  // namespace paydesk::sandbox::paypal
