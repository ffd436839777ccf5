#pragma once
// Two small deposits, or one with a code, prove that a US bank account is the customer's:
// /v1/payment_intents/{id}/verify_microdeposits, /v1/setup_intents/{id}/verify_microdeposits.

#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/payments.h"

namespace paydesk::sandbox::stripe {

// Where the customer types the code in.
std::string microdeposits_url(const Account& account, std::string_view intent);

// The intent waits for the deposits' code. Emits *.requires_action.
Outcome ask_for_microdeposits(Account& account, const std::string& intent, const Object& method);

// "SM11AA", or the amounts as "32,45": verified, and the intent goes on. Throws Refusal for another
// code, and when the intent does not wait for one.
void verify_microdeposits(Account& account, const std::string& intent, const std::string& proof);

}  // namespace paydesk::sandbox::stripe
