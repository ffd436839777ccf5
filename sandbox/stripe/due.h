#pragma once
// What happens by itself when time passes.

#include <cstdint>
#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// Does everything that is due by now, in the order in which it fell due. Commits.
//
// checkout sessions expire; subscriptions end, renew, leave their trial, or expire incomplete;
// drafts are finalised an hour after they were made and charged; failed payments are retried.
void run_due(Account& account);

// Moves the clock forward in steps, from one due moment to the next, doing what is due at each.
// How many steps were taken. Only what follows the global clock moves.
int advance_clock(Account& account, std::int64_t seconds);

// The same for a test clock and what follows it.
void advance_test_clock(Account& account, const std::string& test_clock, std::int64_t target);

// Does what a call has just caused and what needs no waiting, in every clock's time. Commits.
void run_caused(Account& account);

}  // namespace paydesk::sandbox::stripe
