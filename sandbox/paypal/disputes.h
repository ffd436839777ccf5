#pragma once
// Disputes: opened and resolved by the sandbox's controls, read by the API.

#include <string>

#include "sandbox/paypal/account.h"

namespace paydesk::sandbox::paypal {

// One that is not resolved stands against this capture or sale.
bool is_disputed(const Account& account, std::string_view transaction);

// The buyer of a capture or sale disputes it: CUSTOMER.DISPUTE.CREATED. `given`: {reason?}. The dispute
// as it is shown. Refuses what is neither, and what is disputed already.
Object open_dispute(Account& account, const std::string& transaction, const Object& given);

// CUSTOMER.DISPUTE.RESOLVED; when the buyer wins, the money goes back (a reversal) first.
// Refuses what is resolved already.
Object resolve_dispute(Account& account, const std::string& id, bool for_buyer);

}  // namespace paydesk::sandbox::paypal
