#pragma once
// What happens by itself to one object at one moment: a dispute comes, a refund fails, a debit
// arrives. (What an object's own fields say, such as a period's end, is due.cc's business.)

#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Stored as kind "_timer". `act` names one of due.cc's timed acts.
void add_timer(Account& account, std::int64_t at, std::string_view act, std::string_view target);

// None of that act is left for that object.
void drop_timers(Account& account, std::string_view act, std::string_view target);

}  // namespace paydesk::sandbox::stripe
