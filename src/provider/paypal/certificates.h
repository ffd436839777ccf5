#pragma once
// The certificates that PayPal signs its webhooks with: fetched from PayPal, trusted by their chain, kept.
//
//     cert_url ── allowed? ──▶ fetch ──▶ chain, name, dates ──▶ public key, kept by URL
//
// The URL comes with a delivery that nobody has verified yet, so it is believed in nothing: not whom to ask
// (allow-list), not how often (a bound on fetches, answers kept whether good or bad).

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/task.h"
#include "http/client.h"

namespace paydesk::provider::paypal {

inline constexpr std::size_t cert_bytes_max = 64 * 1024;
inline constexpr std::size_t certs_kept_max = 16;             // PayPal has one or two at a time
inline constexpr std::chrono::minutes refused_cert_kept{10};  // then it is asked for again
inline constexpr int cert_fetches_max = 10;                   // in cert_fetch_window
inline constexpr std::chrono::minutes cert_fetch_window{10};
inline constexpr int rsa_bits_min = 2048;

struct CertificateOptions {
    // PEM of the authorities to trust; "" trusts the system's, as for any https.
    std::string authorities_pem = {};
    // A prefix that is allowed besides PayPal's own hosts, for a sandbox ("http://127.0.0.1:8420/...").
    // REQUIRES: authorities_pem, or anybody on the way could put a certificate there.
    std::string extra_prefix = {};
};

// https on paypal.com or a host under it, no port, no user, below /v1/notifications/certs/, a name of letters,
// digits and dashes after it; or `extra_prefix` and such a name.
bool is_allowed_cert_url(std::string_view url, std::string_view extra_prefix = {});

// For many coroutines of one thread at once. `transport` outlives it.
class Certificates {
public:
    Certificates(http::Transport& transport, CertificateOptions options);
    ~Certificates();

    // Fetches the certificate unless it is kept already. Costs no call once it is.
    //
    // Refuses, checked in this order, with
    //   webhook_signature_invalid  the URL is not allowed; no certificate there; its chain does not lead
    //                              to a trusted authority; it is not PayPal's; not valid at `now`; its key is
    //                              not RSA or too short
    //   unavailable                PayPal does not answer, or too many other certificates were asked for:
    //                              the delivery must come again
    Task<Result<void>> prepare(std::string url, Instant now);

    // The key of a certificate that prepare() has accepted and that is still valid; else nullptr.
    EVP_PKEY* key(std::string_view url, Instant now) const;

    int fetches() const { return fetches_; }  // so far: what "no call once it is kept" is tested by

private:
    struct FreeKey {
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    };
    struct Kept {
        std::unique_ptr<EVP_PKEY, FreeKey> key;  // null: refused
        std::string why;                         // it was refused
        Instant from, until;  // when it may be used; a refusal: until it is forgotten
    };

    Task<Result<std::string>> fetch(std::string url, Instant now);
    Kept judge(const std::string& pem, Instant now) const;
    void keep(std::string url, Kept kept, Instant now);

    http::Transport& transport_;
    const CertificateOptions options_;
    std::map<std::string, Kept, std::less<>> kept_;
    int fetches_ = 0, fetches_in_window_ = 0;
    Instant window_began_{};
};

}  // namespace paydesk::provider::paypal
