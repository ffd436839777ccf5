#pragma once
// Which kinds of payment methods an intent or a session takes.
//
// Before endive a call says so with payment_method_types; since then it may only narrow what the
// account has turned on (allowed_, excluded_payment_method_types). In the sandbox an account has
// cards turned on, and what POST /_sandbox/settings {payment_method_types} adds.

#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::string_view method_type_listing =
    "payment_method_types<endive[]:id allowed_payment_method_types>=endive[]:id "
    "excluded_payment_method_types[]:id ";

// The kinds that the sandbox knows: card, link, sepa_debit, us_bank_account, bacs_debit.
bool is_method_type(std::string_view type);

// Sets payment_method_types and what goes with them on a new or changed intent or session.
// `currency` "": a SetupIntent's, which has none.
// Refuses with 400: a kind that the sandbox lacks, one that can't pay in this currency, and a
// filter that leaves none.
void set_method_types(const Account& account, const Object& params, std::string_view currency,
                      Object& owner);

// Refuses a method of a kind that the intent or session was not made for. An intent that left the
// choice to the account takes whatever is named.
void check_method_type(const Object& owner, const Object& method);

}  // namespace paydesk::sandbox::stripe
