#pragma once
// Sales: a subscription's payments, in the shape of PayPal's old API (v1).

#include <string>

#include "sandbox/paypal/account.h"
#include "sandbox/paypal/money.h"

namespace paydesk::sandbox::paypal {

// A payment of the subscription, completed or (by eCheck) pending. Its id; no event yet.
std::string add_sale(Account& account, const Object& subscription, const Amount& amount,
                     bool pending);
// Its event: PAYMENT.SALE.COMPLETED or .PENDING. Nothing for "".
void announce_sale(Account& account, const std::string& id);
// An attempt that was declined, for the list of transactions. No event.
void add_declined(Account& account, const Object& subscription, const Amount& amount);

// As the old API and its events show it.
Object shown_sale(const Account& account, const Object& sale);
// As payments v2 shows it.
Object capture_of_sale(const Account& account, const Object& sale);
// COMPLETED, PENDING, DECLINED, PARTIALLY_REFUNDED or REFUNDED.
std::string status_of_sale(const Account& account, const Object& sale);

// By either API, with PAYMENT.SALE.REFUNDED; `given` is that of v2, and so is the answer.
Object refund_sale(Account& account, const std::string& id, const Object& given);
// A v1 refund as payments v2 shows it.
Object refund_of_old(const Account& account, const Object& refund);

// A pending sale is completed, or denied: with its event.
void settle_sale(Account& account, const std::string& id, bool completed);
// The money is taken back: PAYMENT.SALE.REVERSED.
void reverse_sale(Account& account, const std::string& id);

}  // namespace paydesk::sandbox::paypal
