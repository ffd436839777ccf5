#pragma once
// Bank debits: payments that take days.
//
//     confirm ──▶ processing, charge pending ──▶ (days) ──▶ succeeded | requires_payment_method

#include <optional>
#include <string>

#include "sandbox/stripe/account.h"
#include "sandbox/stripe/payments.h"

namespace paydesk::sandbox::stripe {

// Why this debit can't begin, as the API says it; nothing when it can.
std::optional<Refusal> debit_problem(const Account& account, const Object& intent,
                                     const Object& method, const Confirmation& how);

// Emits payment_intent.processing, charge.pending. Throws debit_problem(), or, where nobody is
// there to hear it (how.automatic), fails the intent with it.
Outcome begin_debit(Account& account, const Object& intent, const Object& method,
                    const Confirmation& how);

// The bank has answered. Emits charge.succeeded and payment_intent.succeeded, or charge.failed and
// payment_intent.payment_failed; mandate.updated where the account says so.
// REQUIRES: the intent is processing.
Outcome end_debit(Account& account, const std::string& intent);

// It was canceled while the bank was asked. Emits charge.failed; the intent is the caller's.
void stop_debit(Account& account, const std::string& intent);

// A SetupIntent for a debit: makes the mandate. Refuses with 400 without mandate_data.
Outcome set_up_debit(Account& account, const std::string& intent, const Object& method,
                     const Confirmation& how);

}  // namespace paydesk::sandbox::stripe
