#pragma once
// Charges: how one is made, declined, held and captured. What decides is payments.cc and
// debiting.cc.

#include <string>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

// How long an authorisation can be captured.
inline constexpr std::int64_t authorization_seconds = 7 * 86400;

// A charge of what the intent asks for, not stored yet: paid and captured, by a card.
Object new_charge(Account& account, const Object& intent, const Object& method);

// The declined attempt: a failed charge, and the intent waits for another method. Emits
// charge.failed, payment_intent.payment_failed.
void decline_charge(Account& account, const Object& intent, const Object& method,
                    const Refusal& why);
// The intent alone fails: nothing was asked of a bank. Emits payment_intent.payment_failed.
void fail_intent(Account& account, const std::string& intent, const Object& method,
                 const Refusal& why, const json::value& charge);

// Takes the money at once. Emits charge.succeeded, payment_intent.succeeded.
void take_charge(Account& account, const Object& intent, const Object& method, bool authenticated);
// Holds it: `capture_method` manual. Emits charge.succeeded, payment_intent.amount_capturable_updated.
void hold_charge(Account& account, const Object& intent, const Object& method, bool authenticated);

// Takes `amount` of what is held and lets go of the rest. Emits charge.captured,
// payment_intent.succeeded. Refuses with 400: not held, or more than is held.
void capture_payment(Account& account, const std::string& intent, std::int64_t amount);
// Lets go of all of it; the intent is canceled. Emits charge.refunded (or charge.expired),
// payment_intent.canceled.
void release_payment(Account& account, const std::string& intent, const json::value& reason);
// Nobody captured it in time.
void expire_authorization(Account& account, const std::string& intent);

// Books a charge's money; the id for its `balance_transaction`.
std::string add_charge_transaction(Account& account, const Object& charge);

// {code, message, ...} as last_payment_error and last_setup_error show it.
Object error_object(const Refusal& refusal, const Object& method);

}  // namespace paydesk::sandbox::stripe
