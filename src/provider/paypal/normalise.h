#pragma once
// PayPal's events -> provider::Change. PayPal's objects are read in reading.h and subscription.h.
//
//   CHECKOUT.ORDER.*, PAYMENT.CAPTURE.COMPLETED, PENDING, DENIED, DECLINED   the object as it is in the event
//   PAYMENT.CAPTURE.REFUNDED, REVERSED, PAYMENT.SALE.REFUNDED                the refund
//   CUSTOMER.DISPUTE.*                                                       the dispute
//   BILLING.SUBSCRIPTION.*, PAYMENT.SALE.*                                   MustAsk for the subscription
//   CHECKOUT.PAYMENT-APPROVAL.REVERSED                                       MustAsk for the order
//
// A sale (v1's word for a payment of a subscription) names neither plan nor period, and a cancelled subscription no
// paid-until date. All other types are stored and left.

#include <boost/json.hpp>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "provider/change.h"

namespace paydesk::provider::paypal {

// A webhook event. Throws nothing, whatever the JSON. `livemode` is false: PayPal's events do not say.
//
// ENSURES: an event type that we do not follow, and a sale that is of no subscription, give Unfollowed.
//
// Refuses with webhook_payload_invalid, and the detail says which field, when
//   - it is no event: not an object, or without `id`, `event_type`, `create_time`;
//   - we follow its type, but its resource can't be used: no id, an amount missing, an unknown currency or status.
Result<Change> normalise(const json::value& event);

// The event types to subscribe a webhook to.
std::vector<std::string_view> followed_event_types();

}  // namespace paydesk::provider::paypal
