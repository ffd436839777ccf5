#pragma once
// How the next payment of a customer fails, as a form of the sandbox's own pages.

#include <string>

#include "sandbox/pages/html.h"
#include "sandbox/stripe/account.h"

namespace paydesk::sandbox {

// What the customer's next payment is told to do; a way to change it, sent to `action`.
std::string failure_form(const stripe::Object& customer, const std::string& action);

// Does what failure_form() sends; what was wrong with it, or "".
std::string plan_failure(stripe::Account& account, const Form& form);

}  // namespace paydesk::sandbox
