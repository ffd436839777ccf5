#pragma once
// PayPal's JSON -> provider::Change. The only place that knows how PayPal's objects look.

#include <boost/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "provider/change.h"

namespace paydesk::provider::paypal {

// A webhook event. Followed are no types yet: every event gives Unfollowed, is stored, and can be replayed by a
// version that follows it.
//
// Refuses with webhook_payload_invalid what is no event: not an object, or without `id`, `event_type`, `create_time`.
Result<Change> normalise(const json::value& event);

}  // namespace paydesk::provider::paypal
