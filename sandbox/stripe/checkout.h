#pragma once
// What happens to a checkout session after it was created: the customer pays, gives up, or never
// comes. Pages and the API both come here.
//
// As since basil, nothing but a PaymentIntent exists before the payment succeeds: the customer, the
// subscription and its invoice are made by complete().

#include <string>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/payments.h"

namespace paydesk::sandbox::stripe {

struct Submitted {
    Outcome outcome = Outcome::succeeded;
    std::string url = {};      // where the browser goes: success_url, or the 3-D Secure page
    std::string message = {};  // of a decline
};

// Pays (or sets up) an open session with this card. `details.email` is ignored where the session
// or its customer has one.
// Throws Refusal: a card_error of the card's own data, or 400 when the session is not open.
Submitted submit_checkout(Account& account, const std::string& session, const CardDetails& details);

// The same from a bank account.
Submitted submit_checkout_by_bank(Account& account, const std::string& session,
                                  const BankDetails& details);

// The same with a stored payment method (the API's own confirmation).
Submitted submit_checkout_with(Account& account, const std::string& session,
                               const std::string& method, const CardDetails& details);

// The customer has answered the 3-D Secure question of this session's intent.
Submitted finish_checkout_authentication(Account& account, const std::string& session,
                                         bool authenticated);

// The bank has answered for the debit that paid a complete session. Emits
// checkout.session.async_payment_succeeded or .async_payment_failed.
void finish_delayed_checkout(Account& account, const std::string& session, Outcome outcome);
// What its customer's bank held was captured: it is paid. An empty or unknown session is nothing.
void finish_captured_checkout(Account& account, const std::string& session);

// No card is asked for: nothing is due today and the session says if_required.
bool needs_card(const Account& account, const Object& session);

// status expired; emits checkout.session.expired. REQUIRES: it is open.
void expire_session(Account& account, const std::string& session);

// success_url with {CHECKOUT_SESSION_ID} filled in.
std::string success_url(const Object& session);

}  // namespace paydesk::sandbox::stripe
