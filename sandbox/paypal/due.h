#pragma once
// What happens by itself when time passes: cycles, retries, eChecks, approvals that run out.

#include <cstdint>
#include <optional>

#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

// The earliest moment, not after `until`, at which something is due.
std::optional<std::int64_t> next_due(const Account& account, std::int64_t until);

// Does everything that is due by now, in the order in which it fell due. Commits.
void run_due(Account& account);

}  // namespace paydesk::sandbox::paypal
