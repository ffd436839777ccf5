#pragma once
// The life of an invoice: draft -> open -> paid | void | uncollectible, with its events.

#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "sandbox/stripe/account.h"
#include "sandbox/stripe/payments.h"
#include "sandbox/stripe/pricing.h"

namespace paydesk::sandbox::stripe {

struct LineDraft {
    Object price;  // whole; {} for a line without one
    std::int64_t quantity = 1;
    std::int64_t amount = 0;
    std::int64_t period_start = 0;
    std::int64_t period_end = 0;
    std::string description = {};  // "" makes one from price and quantity
    std::string subscription = {};
    std::string subscription_item = {};
    std::string invoice_item = {};
    bool proration = false;
    bool discountable = true;
    json::value credited_items = nullptr;  // of a proration's credit
    json::array tax_rates = {};            // its own, whole
    Object metadata = {};
    std::optional<Decimal> usage = {};  // of a metered item, instead of `quantity`
    std::int64_t counts_until = 0;      // usage before then is counted until the draft is finalized
};

struct InvoiceDraft {
    std::string id;  // made beforehand by new_invoice_id(): a PaymentIntent may name it already
    std::string customer;
    std::string currency;
    std::string billing_reason;
    std::string subscription = {};
    std::int64_t period_start = 0;
    std::int64_t period_end = 0;
    std::vector<LineDraft> lines = {};
    Object fields = {};  // overrides
};

std::string new_invoice_id(const Account& account);

// Adds a draft. Emits invoice.created.
void add_invoice(Account& account, const InvoiceDraft& draft);

// A draft names its customer as they are now (name, e-mail, address, tax ids ...), until it is
// finalized; what is automatic tax of it is taken anew. tell_drafts() does so to all of a customer.
void take_customer(Account& account, const std::string& invoice);
void tell_drafts(Account& account, std::string_view customer);

// draft -> open (or paid when nothing is due). Makes a PaymentIntent unless one is named.
// Emits invoice.finalized and what paying emits.
void finalize_invoice(Account& account, const std::string& invoice,
                      std::string_view payment_intent = {});

// Charges an open invoice. Emits everything, the subscription's change of status too.
// Refuses with invoice_already_paid and the like (400).
Outcome pay_invoice(Account& account, const std::string& invoice, const Confirmation& how);

// Its PaymentIntent succeeded, or it was paid elsewhere (`out_of_band`).
void settle_invoice(Account& account, const std::string& invoice, bool out_of_band = false);
// The bank was asked for it and will answer in days. The subscription begins all the same.
void note_processing_payment(Account& account, const std::string& invoice);
// Its PaymentIntent did not.
void note_failed_payment(Account& account, const std::string& invoice, Outcome outcome);

void void_invoice(Account& account, const std::string& invoice);
void mark_uncollectible(Account& account, const std::string& invoice);

// subscription.default_payment_method, then the customer's; "" when there is none.
std::string method_for(const Account& account, const Object& invoice);

}  // namespace paydesk::sandbox::stripe
