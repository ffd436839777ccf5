#pragma once
// From the stored newest shape to the shape of a version.

#include "sandbox/stripe/object.h"
#include "sandbox/stripe/version.h"

namespace paydesk::sandbox::stripe {

// `value` as `shape` shows it, with everything inside of it; without our own fields (their names
// begin with '_'). Pure: an invoice carries what its older shapes need (_payment_intent, _charge,
// each line's _price).
json::value render(const json::value& value, Shape shape);

// What `after` changed, as an event's previous_attributes says it: the old values of what differs,
// objects entered, a list whole when any element of it differs.
Object previous_attributes(const Object& before, const Object& after);

}  // namespace paydesk::sandbox::stripe
