#include "billing/flow.h"

#include "base/assert.h"

namespace paydesk::billing {

const Flow* Flows::find(provider::Name name) const {
    switch (name) {
        case provider::Name::stripe:
            return &stripe;
        case provider::Name::paypal:
            return paypal ? &*paypal : nullptr;
    }
    PD_ASSERT(false);
}

Result<const Flow*> Flows::of(provider::Name name) const {
    if (const Flow* flow = find(name)) return flow;
    return Error{
        ErrorCode::provider_not_configured,
        "PayPal is not set up on this server: PAYPAL_CLIENT_ID and PAYPAL_CLIENT_SECRET are "
        "missing."};
}

}  // namespace paydesk::billing
