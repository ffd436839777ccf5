#pragma once
// PayPal asked whether a delivery is its own: an alternative to verify.h, for whom it suits better that PayPal
// answers for it. A call for each delivery, of 100 ms and more, and no webhook is accepted while PayPal is away.
//
// It can't verify what PayPal's webhook simulator sends.

#include <string>
#include <string_view>

#include "provider/paypal/client.h"
#include "provider/paypal/verify.h"

namespace paydesk::provider::paypal {

class OnlineVerifier {
public:
    // `client` outlives it. Blank webhook_id: nothing is accepted.
    OnlineVerifier(std::string webhook_id, Client& client);

    // `raw_body` goes to PayPal as it came: re-serialised JSON does not verify.
    //
    // Refuses, checked in this order, with
    //   webhook_signature_invalid  no webhook id configured; a header is missing or malformed; the certificate's URL
    //                              is not PayPal's; the body is no JSON object (it is put into our question, and
    //                              must not change it); PayPal says FAILURE
    //   webhook_timestamp_stale    transmission_age_max ago or in the future
    //   unavailable                PayPal does not answer: the delivery must come again
    Task<Result<void>> verify(Transmission transmission, std::string_view raw_body, Instant now);

private:
    const std::string webhook_id_;
    Client& client_;
};

}  // namespace paydesk::provider::paypal
