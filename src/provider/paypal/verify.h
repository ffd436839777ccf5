#pragma once
// PAYPAL-TRANSMISSION-SIG: proves that a webhook body came from PayPal and is fresh. Offline: no call to
// PayPal but one for each new certificate.
//
// Signed is `transmission id | transmission time | our webhook id | CRC32 of the raw body, in decimal`, with RSA and
// SHA-256 under the key of the certificate at PAYPAL-CERT-URL.
// Source: developer.paypal.com, "Verify webhook signature"; the vector of testdata/ was made with another
// implementation of it.

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "provider/paypal/certificates.h"

namespace paydesk::provider::paypal {

// PayPal tries for three days; an event that comes again is known by its id.
inline constexpr std::chrono::hours transmission_age_max{74};
inline constexpr std::chrono::seconds transmission_lead_max{300};  // into the future: a wrong clock

// The PAYPAL-* headers of a delivery. What they say is not to be believed yet.
struct Transmission {
    std::string_view id, time, signature, cert_url, algorithm;
};

// What can be said of it without a key. Refuses with webhook_signature_invalid: no webhook id, a header that is
// missing or malformed, not SHA256withRSA.
Result<void> check_form(const Transmission& transmission, std::string_view webhook_id);
// Refuses with webhook_timestamp_stale. REQUIRES: check_form() accepted it.
Result<void> check_age(const Transmission& transmission, Instant now);

// For many coroutines of one thread at once.
class Verifier {
public:
    // `webhook_id` is what PayPal calls our endpoint: PAYPAL_WEBHOOK_ID. Blank: nothing is accepted.
    Verifier(std::string webhook_id, Certificates& certificates);

    // Brings what verify() needs. Refuses as verify() does for what needs no certificate to be refused, in its
    // order, then as Certificates::prepare().
    Task<Result<void>> prepare(Transmission transmission, Instant now);

    // `raw_body` is what came over the wire, byte for byte: re-serialised JSON does not verify.
    //
    // Refuses, checked in this order, with
    //   webhook_signature_invalid  no webhook id configured; a header is missing or malformed; not SHA256withRSA;
    //                              prepare() has not accepted its certificate; the signature does not match
    //   webhook_timestamp_stale    rightly signed, but transmission_age_max ago or in the future
    Result<void> verify(Transmission transmission, std::string_view raw_body, Instant now) const;

private:
    const std::string webhook_id_;
    Certificates& certificates_;
};

}  // namespace paydesk::provider::paypal
