#pragma once
// Taking money and saving cards: what confirming a PaymentIntent or a SetupIntent does.
//
//     intent + payment method ──▶ the test card decides ──▶ succeeded | declined | requires_action
//                        │                                                             │
//                        │                 the 3-D Secure page, then authenticated() ◀─┘
//                        └─ a bank account ──▶ processing, then as debiting.h has it

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

enum class Outcome : std::uint8_t {
    succeeded,
    declined,
    requires_action,
    processing,        // the bank will answer in days
    requires_capture,  // the money is held
};
// The customer has done their part.
inline bool is_accepted(Outcome outcome) {
    return outcome != Outcome::declined && outcome != Outcome::requires_action;
}

struct Confirmation {
    std::string payment_method;  // id of a stored one
    bool off_session = false;    // the customer is not there to answer a 3-D Secure question
    bool authenticated = false;  // has just answered it
    std::string return_url = {};
    // Bank debits need the customer's leave: given on one of our pages, or in `mandate_data`.
    bool mandate_accepted = false;
    Object acceptance = {};  // mandate_data[customer_acceptance]
    // Nobody asked for this payment just now: what can't be done is a failed payment, no refusal.
    bool automatic = false;

    bool accepts_mandate() const { return mandate_accepted || !acceptance.empty(); }
};

// Adds a PaymentIntent and emits payment_intent.created. `fields` overrides blank values.
const Object& add_payment_intent(Account& account, std::int64_t amount, std::string_view currency,
                                 Object fields);
const Object& add_setup_intent(Account& account, Object fields);

// Emits charge.* and payment_intent.*; the intent's last_payment_error says why it was declined.
// REQUIRES: the intent waits for a payment method, a confirmation or an action.
Outcome confirm_payment(Account& account, const std::string& intent, const Confirmation& how);
Outcome confirm_setup(Account& account, const std::string& intent, const Confirmation& how);

// The PaymentIntent ends without a payment: a debit is stopped, what is held is let go of. Emits
// what that emits and payment_intent.canceled. REQUIRES: it has neither succeeded nor ended.
void cancel_payment(Account& account, const std::string& intent, const json::value& reason);

// The customer gave up or failed the 3-D Secure question.
void fail_authentication(Account& account, const std::string& intent);

// The intent's last error as the 402 answer of the API call that made it.
Refusal refusal_of(const Object& intent);

// Makes the method the customer's. Emits payment_method.attached unless it is already.
// Refuses with card_error when the card declines even that.
void attach_method(Account& account, const std::string& method, std::string_view customer);

// A stored method by id, or a fresh one from a test method's name. Refuses with resource_missing.
const Object& resolve_method(Account& account, std::string_view id, std::string_view param);

// Where the customer answers the 3-D Secure question.
std::string three_d_secure_url(const Account& account, std::string_view intent);

// "pi_..._secret_..."
std::string client_secret(const Account& account, std::string_view id);

}  // namespace paydesk::sandbox::stripe
