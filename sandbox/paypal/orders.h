#pragma once
// Orders: CREATED or PAYER_ACTION_REQUIRED ──buyer──▶ APPROVED ──capture──▶ COMPLETED.
//
// An order nobody approves is gone after six hours; one that was approved and not captured is VOIDED
// three days later, with CHECKOUT.PAYMENT-APPROVAL.REVERSED.

#include <string>

#include "sandbox/paypal/money.h"
#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {

inline constexpr std::int64_t order_approvable_seconds = 6LL * 3600;
inline constexpr std::int64_t order_capturable_seconds = 3 * day_seconds;
inline constexpr int capture_attempts_max = 10;

// As the API shows it: with its captures and its links.
Object shown_order(const Account& account, const Object& order);
// Where the buyer says yes or no.
std::string approval_url(const Account& account, const std::string& order);
// Nobody approved it in time: there is no such order any more.
bool is_lapsed(const Account& account, const Object& order);
// What all its units cost.
Amount total_of(const Object& order);

// The buyer said yes: APPROVED, with an event; once more after a decline, for another way to pay. The
// address to which they go back, "" where none was given. REQUIRES: it can be approved.
std::string approve_order(Account& account, const std::string& id, const std::string& email,
                          const std::string& funding);
bool can_be_approved(const Account& account, const Object& order);
// Where they go back who said no.
std::string canceled_order_url(const Object& order);

// POST .../capture (capturing.cc)
Answer capture_order(Call& call);
// It was approved and never captured.
void reverse_approval(Account& account, const std::string& id);

}  // namespace paydesk::sandbox::paypal
