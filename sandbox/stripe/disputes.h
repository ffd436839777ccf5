#pragma once
// Disputes: /v1/disputes, and the test cards that bring them.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Stripe's cardholder has this long to be answered.
inline constexpr std::int64_t dispute_due_seconds = 9 * 86400;

// The dispute that this charge's test card brings. Emits charge.dispute.created and, unless it is
// only an inquiry, charge.dispute.funds_withdrawn.
void open_dispute(Account& account, const std::string& charge);

// The submitted evidence is judged: "winning_evidence" wins, anything else loses. Emits
// charge.dispute.closed and, when won, charge.dispute.funds_reinstated.
void judge_dispute(Account& account, const std::string& dispute);

// Nobody answered in time: lost, an inquiry ends without harm. Nothing when it was answered.
void forfeit_dispute(Account& account, const std::string& dispute);

}  // namespace paydesk::sandbox::stripe
