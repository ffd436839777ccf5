#pragma once
// The sandbox as one HTTP handler: Stripe's API under /v1, PayPal's under /paypal, hosted pages, and
// its own controls under /_sandbox.

#include <chrono>
#include <memory>
#include <string>

#include "http/client.h"
#include "http/message.h"
#include "sandbox/faults.h"
#include "sandbox/mail/mailbox.h"
#include "sandbox/pages/pages.h"
#include "sandbox/paypal/paypal.h"
#include "sandbox/rate_limit.h"
#include "sandbox/recorder.h"
#include "sandbox/sandbox_clock.h"
#include "sandbox/store.h"
#include "sandbox/stripe/account.h"
#include "sandbox/stripe/api.h"
#include "sandbox/stripe/deliverer.h"

namespace paydesk::sandbox {

class Sandbox {
public:
    // All outlive the sandbox. `base_url`: where browsers find it.
    Sandbox(asio::io_context& io, Store& store, const Clock& real_clock, http::Transport& transport,
            Recorder& recorder, stripe::Version account_version, std::string base_url);

    Task<http::Response> handle(const http::Request& request);

    // Delivers what is pending and does what falls due, until the io_context stops.
    void start();

    stripe::Account& account() { return account_; }
    stripe::Deliverer& deliverer() { return deliverer_; }
    stripe::Api& api() { return api_; }
    paypal::PayPal& paypal() { return paypal_; }
    SandboxClock& clock() { return clock_; }
    RateLimit& rate_limit() { return rate_limit_; }
    Faults& faults() { return faults_; }
    Mailbox& mailbox() { return mailbox_; }

private:
    Task<> sweep();
    http::Response control(const http::Request& request);

    asio::io_context& io_;
    const Clock& real_clock_;
    SandboxClock clock_;
    stripe::Account account_;
    Faults faults_;
    Mailbox mailbox_;
    RateLimit rate_limit_;
    stripe::Api api_;
    stripe::Deliverer deliverer_;
    paypal::PayPal paypal_;
    Pages pages_;
};

}  // namespace paydesk::sandbox
