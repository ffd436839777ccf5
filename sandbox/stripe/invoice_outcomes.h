#pragma once
// What becomes of a subscription when one of its invoices is paid, not paid, voided. invoicing.cc tells;
// an empty subscription is nothing to do.

#include <string>

#include "sandbox/stripe/account.h"

namespace paydesk::sandbox::stripe {

void invoice_was_paid(Account& account, const std::string& subscription,
                      const std::string& invoice);
// The bank was asked: a subscription that waited for its first payment is active meanwhile.
void invoice_is_processing(Account& account, const std::string& subscription,
                           const std::string& invoice);
void invoice_was_not_paid(Account& account, const std::string& subscription, const Object& invoice);
// It is voided, or marked as uncollectible.
void invoice_was_closed(Account& account, const std::string& subscription,
                        const std::string& invoice);

}  // namespace paydesk::sandbox::stripe
