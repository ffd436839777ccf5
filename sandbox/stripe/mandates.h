#pragma once
// Mandates: a customer's leave to debit their bank account. /v1/mandates/{id}.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// `mandate_data` of a call, as params.h lists it.
inline constexpr std::string_view mandate_listing =
    "mandate_data?{customer_acceptance!{type!:(online|offline) accepted_at:t offline:any "
    "online{ip_address user_agent}}} ";

// The mandate of a payment method that is in force; nullptr when there is none.
const Object* mandate_of(const Account& account, const Object& method);

// `acceptance`: customer_acceptance as given to the API; {} for one given on a hosted page.
// Returns the mandate's id.
std::string add_mandate(Account& account, const std::string& method, const Object& acceptance);

// The bank does not honour it any more. Emits mandate.updated.
void revoke_mandate(Account& account, const std::string& method);

}  // namespace paydesk::sandbox::stripe
