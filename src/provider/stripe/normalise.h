#pragma once
// Stripe's JSON -> provider::Change. The only place that knows how Stripe's objects look.
//
// One reader for all versions from 2023-10-16 to 2026-10-28.endive. Every datum is looked for where
// the newest version has it, then where older ones had it; the version is never inferred, because
// Stripe sends additive fields to old versions too. Unknown keys are ignored; expandable fields
// may be an id, an object or a deleted object. U+0000 is dropped from every string.
//
//     normalise.cc               the envelope, and which event types we follow
//     normalise_<object>.cc      one object each

#include <boost/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "provider/change.h"

namespace paydesk::provider::stripe {

// A webhook event or an item of GET /v1/events. Throws nothing, whatever the JSON.
//
// ENSURES: an event type that we do not follow gives Unfollowed of kind `other`.
//
// Refuses with webhook_payload_invalid, and the detail says which field, when
//   - it is no event: not an object, or without the text fields `id` and `type`;
//   - we follow its type, but its object can't be used: no `created`, no id, an amount missing, an
//     unknown currency or status. Trying again will not help: such an event is a dead letter.
Result<Change> normalise(const json::value& event);

// An object that we fetched ourselves; event_id, event_type and api_version stay "".
// Refuses like normalise(). REQUIRES: kind is not `other`.
Result<Change> normalise_object(ObjectKind kind, const json::value& object, Instant at);

// The kind of object that events of this type hold, or nothing when we do not follow the type.
std::optional<ObjectKind> followed_kind(std::string_view event_type);

// The event types to subscribe an endpoint to.
std::vector<std::string_view> followed_event_types();

}  // namespace paydesk::provider::stripe
