#pragma once
// Stripe-Signature: proves that a webhook body came from Stripe and is fresh.
//
// Signed is `t` + "." + the raw body, with HMAC-SHA256 under the WHOLE secret ("whsec_" included),
// written as lower-case hex. Source: stripe-node 23.1.0, Webhooks.js; the vectors of
// testdata/signatures.json were made with it.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace paydesk::provider::stripe {

inline constexpr std::chrono::seconds signature_age_max{300};  // into the past and into the future
inline constexpr std::size_t signatures_max = 16;              // v1 items that we look at

// Keeps one keyed HMAC context for each secret, so that a delivery costs no key set-up.
// Not for use by several threads at once.
class Verifier {
public:
    // Several secrets: while one is rolled, Stripe signs with both. Blank ones are passed over.
    explicit Verifier(const std::vector<std::string>& secrets);
    ~Verifier();
    Verifier(Verifier&&) noexcept;
    Verifier& operator=(Verifier&&) noexcept;

    // `raw_body` is what came over the wire, byte for byte: re-serialised JSON does not verify.
    // Accepts when any v1 matches under any secret; other schemes (v0) count for nothing.
    //
    // Refuses, checked in this order, with
    //   webhook_signature_invalid  no secret configured; header missing or malformed; no v1 matches
    //   webhook_timestamp_stale    rightly signed, but signed over signature_age_max ago (a replay)
    //                              or that far in the future (a wrong clock, ours or theirs)
    Result<void> verify(std::string_view signature_header, std::string_view raw_body,
                        Instant now) const;

private:
    class Keys;
    std::unique_ptr<Keys> keys_;
};

// The same for one delivery. Whoever has many keeps a Verifier.
Result<void> verify(const std::vector<std::string>& secrets, std::string_view signature_header,
                    std::string_view raw_body, Instant now);

// The header that Stripe would send: for tests, benchmarks and `paydesk replay`.
std::string sign(std::string_view secret, std::string_view raw_body, Instant at);

}  // namespace paydesk::provider::stripe
