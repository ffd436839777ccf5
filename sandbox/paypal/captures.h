#pragma once
// Captures: the payment of one purchase unit, and what becomes of it.

#include <string>

#include "sandbox/paypal/money.h"
#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {

// As the API shows it; inside of its order it says less.
Object shown_capture(const Account& account, const Object& capture);
Object capture_in_order(const Account& account, const Object& capture);

// A pending one is COMPLETED or DECLINED, with its event. REQUIRES: it is PENDING.
void settle_capture(Account& account, const std::string& id, bool completed);
// The money is taken back (a chargeback, a lost dispute): PAYMENT.CAPTURE.REVERSED.
void reverse_capture(Account& account, const std::string& id);

// {gross_amount, paypal_fee, net_amount}
Object receivable(const Amount& amount);

}  // namespace paydesk::sandbox::paypal
