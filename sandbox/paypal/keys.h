#pragma once
// The sandbox's own certificate authority, and the certificate with which webhooks are signed.
//
//     root (ten years) ──signs──▶ leaf (a year, renewed a month before) ──signs──▶ deliveries
//
// Both are made when they are first needed, and kept with all other state. In real time, as receivers
// compare with their own clocks.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

class Keys {
public:
    // REQUIRES: both outlive the keys.
    Keys(Account& account, const Clock& real_clock) : account_(account), clock_(real_clock) {}

    // PEM: what a receiver trusts.
    std::string root();
    // Where the certificate that signs now is served: PAYPAL-CERT-URL.
    std::string certificate_url();
    // PEM of that certificate and of the root; nothing for a name that none has. Old ones stay.
    std::optional<std::string> chain(std::string_view name) const;

    // RSA over SHA-256, in base64.
    std::string sign(std::string_view message);
    // By the certificate at one of our own addresses; false for every other address.
    bool verifies(std::string_view certificate_url, std::string_view message,
                  std::string_view signature) const;

private:
    void make_root();
    void make_leaf();
    const Object& leaf();  // that signs now
    const Object* leaf_named(std::string_view name) const;

    Account& account_;
    const Clock& clock_;
};

// What a delivery's signature is of: "id|time|webhook id|CRC-32 of the body, decimal".
std::string signed_text(std::string_view transmission_id, std::string_view transmission_time,
                        std::string_view webhook_id, std::string_view body);

}  // namespace paydesk::sandbox::paypal
