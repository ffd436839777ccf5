#pragma once
// Pays an open invoice of ours with an order at PayPal: what was used on its plans (provider::usage_billing_reason).
//
//     invoice ──▶ create_checkout (checkout_flow.h) ── buyer approves ──▶ capture_flow.h ──▶ apply_changes: the checkout is
//     complete, and the invoice paid by it (apply_checkout.cc)
//
// An invoice has one order at a time, and another only when PayPal says that the one before is void or was denied:
// it can't be paid twice.

#include <string>

#include "base/error.h"
#include "billing/checkout_flow.h"
#include "billing/flow.h"

namespace paydesk::billing {

struct InvoiceOrderWish {
    Buyer buyer;
    std::string invoice;                                           // our id, or the provider's
    std::optional<std::string> success_url = {}, cancel_url = {};  // else the billing page's
};

// Its session_id is PayPal's order; the URL is where its buyer agrees.
// Refuses, in this order, with
//   not_found            another account's and a draft are not found either
//   invoice_not_payable  it is not open, it is the provider's own to collect, or an order's money for it is on the way
// and then with what create_checkout() refuses with.
Task<Result<CheckoutSession>> order_invoice(const Flows& flows, InvoiceOrderWish wish);

}  // namespace paydesk::billing
