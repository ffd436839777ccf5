#pragma once
// The pages that people see: hosted checkout, 3-D Secure, portal, invoice, receipt, and the
// sandbox's own: events, deliveries, customers, objects, mailbox.
//
// Rendered here, HTML-escaped throughout; they work without JavaScript.

#include <string>
#include <string_view>

#include "http/message.h"
#include "sandbox/faults.h"
#include "sandbox/mail/mailbox.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

class Pages {
public:
    // REQUIRES: all outlive the pages.
    Pages(stripe::Account& account, Faults& faults, Mailbox& mailbox)
        : account_(account), faults_(faults), mailbox_(mailbox) {}

    // Anything outside of /v1 and /_sandbox; 404 page otherwise. Commits what a click changed.
    http::Response serve(const http::Request& request);

private:
    stripe::Account& account_;
    Faults& faults_;
    Mailbox& mailbox_;
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
// The event log; ?type= and ?q= narrow it, ?before= goes on from an event.
http::Response index_page(const stripe::Account& account, const http::Request& request);
http::Response event_page(const stripe::Account& account, const std::string& id);
// The log of deliveries and the endpoints; ?status= narrows it.
http::Response deliveries_page(const stripe::Account& account, const http::Request& request);
// Searched by ?q=. A POST says how somebody's next payment fails.
http::Response customers_page(stripe::Account& account, const http::Request& request);
// Everything about this customer; a POST as above.
http::Response customer_page(stripe::Account& account, const http::Request& request,
                             const std::string& id);
// Any other object of Stripe's, with its events.
http::Response object_page(const stripe::Account& account, const std::string& id);
// Test cards and test bank accounts.
http::Response test_cards_page();

}  // namespace paydesk::sandbox
