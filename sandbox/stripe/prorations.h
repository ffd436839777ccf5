#pragma once
// Prorations: invoice items that give back what was paid for time that is not used, or bill the
// time that is left.

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// The start of the current period.
std::int64_t period_start_of(const Object& subscription);

// One item's part of its period from `from` on: `sign` -1 gives it back, 1 bills it. `what` begins
// its description. An empty item is nothing to do. Emits invoiceitem.created.
void add_proration(Account& account, const Object& subscription, const Object& item,
                   std::string_view what, std::int64_t sign, std::int64_t from);

// Of every item: what was paid for the rest of the current period is given back, or what the rest
// costs is owed.
void credit_unused_time(Account& account, const std::string& subscription, std::int64_t from);
void charge_remaining_time(Account& account, const std::string& subscription, std::int64_t from);

}  // namespace paydesk::sandbox::stripe
