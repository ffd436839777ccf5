#pragma once
// The part of a hosted page's form where a customer names their bank account.

#include <string>
#include <string_view>

#include "sandbox/pages/html.h"
#include "sandbox/stripe/bank_accounts.h"

namespace paydesk::sandbox {

// IBAN, or account number and routing number or sort code; the holder's name; the mandate's text.
std::string bank_fields(std::string_view type, const Form& sent);
// "000123456789 pays" ... that fill the form when clicked.
std::string bank_hints(std::string_view type);
// What bank_fields() sends.
stripe::BankDetails bank_details(const Form& form, std::string_view type);

}  // namespace paydesk::sandbox
