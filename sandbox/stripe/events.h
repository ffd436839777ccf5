#pragma once
// Events as an endpoint receives them, and the record of their deliveries.
//
// A delivery is a stored record of kind "_delivery":
//   {id, event, endpoint, url, type, status: pending | delivered | failed, created,
//    next_attempt_at: real Unix milliseconds, attempts: [{at, status, error, milliseconds}]}

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/object.h"
#include "sandbox/stripe/version.h"

namespace paydesk::sandbox::stripe {

// Stripe tries again for up to three days; a sandbox's user waits for nothing that long.
inline constexpr int delivery_attempts_max = 8;

// The event with its object and previous attributes in the shape of `version`.
Object render_event(const Object& event, const Version& version);

// As Stripe sends it: indented by two spaces. What is signed are exactly these bytes.
std::string event_body(const Object& event, const Version& version);

// "t=1700000000,v1=<HMAC-SHA256 of "1700000000.<body>", hex>"; the key is the whole secret.
std::string signature_header(std::string_view body, std::string_view secret,
                             std::int64_t unix_seconds);

// One pending delivery of the event to a webhook endpoint or event destination.
void add_delivery(Account& account, const std::string& event, std::string_view type,
                  const std::string& endpoint, std::string_view url);

// One pending delivery for each enabled endpoint that listens to the event's type. How many.
int add_deliveries(Account& account, const Object& event);

// Sends the event once more to every enabled endpoint that listens to it. How many.
int resend_event(Account& account, const Object& event);

// The version in which this endpoint's events are rendered.
Version version_of_endpoint(const Account& account, const Object& endpoint);

std::string pretty_json(const json::value& value);

}  // namespace paydesk::sandbox::stripe
