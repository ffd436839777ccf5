#pragma once
// The next invoice before it exists.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// What the subscription would be billed next, without an id; {} when it will not be billed.
// REQUIRES: nothing waits for a commit: what making the invoice changed is taken back, and with it
// all that was not committed.
Object upcoming_invoice(Account& account, const std::string& subscription);

}  // namespace paydesk::sandbox::stripe
