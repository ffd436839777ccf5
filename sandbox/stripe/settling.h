#pragma once
// What follows when an intent succeeded, failed, or was answered on the 3-D Secure page: its
// invoice, its checkout session, its portal session.

#include <string>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/payments.h"

namespace paydesk::sandbox::stripe {

// The PaymentIntent was confirmed by the API: its invoice follows, if it pays one.
void after_payment(Account& account, const std::string& intent, Outcome outcome);

// The bank has answered for a debit (a timer's act).
void settle_debit(Account& account, const std::string& intent);

struct Answered {
    Outcome outcome = Outcome::succeeded;
    std::string url = {};      // where the browser goes next; "" when nobody said
    std::string message = {};  // of a decline
};

// The customer answered the 3-D Secure question of this PaymentIntent or SetupIntent.
// Refuses with 400 when it does not wait for an answer.
Answered answer_authentication(Account& account, const std::string& intent, bool authenticated);

}  // namespace paydesk::sandbox::stripe
