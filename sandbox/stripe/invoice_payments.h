#pragma once
// The payments of an invoice (invoice_payment): its own PaymentIntent's, and those that are attached.

#include <functional>
#include <string>
#include <string_view>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

// An open one, of all that the invoice asks for.
void add_invoice_payment(Account& account, const Object& invoice, const std::string& intent);
// Changes the open ones. `event` is emitted for each, "" for none.
void change_invoice_payment(Account& account, const Object& invoice,
                            const std::function<void(Object&)>& edit, std::string_view event);

// A PaymentIntent that succeeded beside the open invoice pays a part of it, or all.
void add_attached_payment(Account& account, const std::string& invoice,
                          const std::string& payment_intent);

}  // namespace paydesk::sandbox::stripe
