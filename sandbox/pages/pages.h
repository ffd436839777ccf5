#pragma once
// The pages that people see: hosted checkout, 3-D Secure, portal, invoice, receipt, and the
// sandbox's own index with its event log.
//
// Rendered here, HTML-escaped throughout; they work without JavaScript.

#include <string>
#include <string_view>

#include "http/message.h"
#include "sandbox/faults.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

class Pages {
public:
    // REQUIRES: both outlive the pages.
    Pages(stripe::Account& account, Faults& faults) : account_(account), faults_(faults) {}

    // Anything outside of /v1 and /_sandbox; 404 page otherwise. Commits what a click changed.
    http::Response serve(const http::Request& request);

private:
    stripe::Account& account_;
    Faults& faults_;
};

// One file each. `id` is from the path.
http::Response checkout_page(stripe::Account& account, const http::Request& request,
                             const std::string& id);
http::Response three_d_secure_page(stripe::Account& account, const http::Request& request,
                                   const std::string& id);
// Where an intent's microdeposits are verified, and what a customer's mandate says.
http::Response microdeposits_page(stripe::Account& account, const http::Request& request,
                                  const std::string& id);
http::Response mandate_page(const stripe::Account& account, const std::string& id);
// `action`: "", "card", "cancel", "resume", "done", "update", "updated", "keep", "pause", "unpause".
http::Response portal_page(stripe::Account& account, const http::Request& request,
                           const std::string& id, const std::string& action);
http::Response invoice_page(stripe::Account& account, const http::Request& request,
                            const std::string& id);
http::Response invoice_pdf(const stripe::Account& account, const std::string& id);
http::Response receipt_page(const stripe::Account& account, const std::string& id);
http::Response index_page(const stripe::Account& account);
http::Response event_page(const stripe::Account& account, const std::string& id);

}  // namespace paydesk::sandbox
