#pragma once
// invoice.upcoming: some days before a subscription renews, what it will be billed.

#include <cstdint>
#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Days before the renewal, where POST /_sandbox/settings does not say otherwise (`upcoming_days`).
inline constexpr std::int64_t upcoming_days_usual = 7;

// When the subscription's next invoice is announced; 0 for never, or not again. A period that is
// not longer than those days is not announced.
std::int64_t announced_at(const Account& account, const Object& subscription);

// Emits invoice.upcoming with the invoice as it would be, which has no id.
// REQUIRES: nothing waits for a commit.
void announce_invoice(Account& account, const std::string& subscription);

}  // namespace paydesk::sandbox::stripe
