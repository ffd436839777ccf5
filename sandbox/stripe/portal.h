#pragma once
// What a customer does in the portal; the routes are in portal.cc too.

#include <string>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/payments.h"

namespace paydesk::sandbox::stripe {

struct CardSaved {
    Outcome outcome = Outcome::succeeded;
    std::string url = {};      // the 3-D Secure page
    std::string message = {};  // of a decline
};

// Sets up this card for the session's customer and makes it the default.
// Emits setup_intent.*, payment_method.attached, customer.updated, customer.subscription.updated.
// Throws Refusal: a card_error of the card's own data.
CardSaved save_card(Account& account, const std::string& session, const CardDetails& details);

// The method becomes the default of the session's customer and of their live subscriptions.
void use_new_method(Account& account, const std::string& session, const std::string& method);

}  // namespace paydesk::sandbox::stripe
