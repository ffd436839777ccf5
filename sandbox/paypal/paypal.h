#pragma once
// The offline PayPal as one part of the sandbox: what is below /paypal.
//
//     /paypal/v1, /paypal/v2                    the API
//     /paypal/v1/notifications/certs/CERT-...   the certificate of webhooks' signatures: open to all
//     everything else below /paypal             approval pages (sandbox/pages)

#include <string>

#include "http/client.h"
#include "sandbox/faults.h"
#include "sandbox/paypal/api.h"
#include "sandbox/paypal/deliverer.h"
#include "sandbox/paypal/keys.h"
#include "sandbox/recorder.h"

namespace paydesk::sandbox::paypal {

class PayPal {
public:
    // All outlive it. `base_url`: where the sandbox is found.
    PayPal(asio::io_context& io, Store& store, SandboxClock& clock, Chance& chance,
           const Clock& real_clock, http::Transport& transport, Recorder& recorder, Faults& faults,
           RateLimit& limit, std::function<bool()> paused, std::string base_url);

    Account& account() { return account_; }
    Api& api() { return api_; }
    Deliverer& deliverer() { return deliverer_; }
    Keys& keys() { return keys_; }

    // A bearer token for the API.
    std::string new_token();

    // True for what handle() answers: the API and the certificates.
    static bool is_api(std::string_view path);
    // REQUIRES: is_api(request.path).
    Task<http::Response> handle(const http::Request& request);

    // Does what is due, and sends what waits for its time.
    void tick();

private:
    Account account_;
    Keys keys_;
    Api api_;
    Deliverer deliverer_;
};

}  // namespace paydesk::sandbox::paypal
