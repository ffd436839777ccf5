#pragma once
// What becomes of a refund after it was made (routes: refunds.cc).

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::int64_t refund_arrives_seconds = 1 * 86400;
inline constexpr std::int64_t refund_fails_seconds = 3 * 86400;

// What the refund's card does to it: pending until later, or failing later. Before any event.
void schedule_refund(Account& account, const std::string& refund);

// pending -> succeeded. Emits refund.updated and charge.refund.updated.
void finish_refund(Account& account, const std::string& refund);

// succeeded -> failed: the money is back, the charge is refundable again. Emits refund.failed,
// refund.updated, charge.refund.updated.
void fail_refund(Account& account, const std::string& refund);

}  // namespace paydesk::sandbox::stripe
