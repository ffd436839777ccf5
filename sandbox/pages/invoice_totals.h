#pragma once
// What stands between an invoice's lines and what is due, for its page and its PDF.

#include <cstdint>
#include <string_view>

#include "sandbox/stripe/object.h"

namespace paydesk::sandbox {

struct InvoiceTotals {
    std::int64_t discount = 0;
    std::int64_t tax = 0;            // on top of the lines
    std::int64_t tax_inclusive = 0;  // in them
    std::int64_t balance = 0;        // what the customer's balance gave; negative: a debt taken up
    std::int64_t credited = 0;       // by credit notes before payment

    // REQUIRES: a stored invoice.
    static InvoiceTotals of(const stripe::Object& invoice) {
        using stripe::number;
        InvoiceTotals totals;
        for (const auto& value : stripe::children(invoice, "total_discount_amounts")) {
            totals.discount += number(value.get_object(), "amount");
        }
        for (const auto& value : stripe::children(invoice, "total_taxes")) {
            const auto& one = value.get_object();
            const bool on_top = stripe::text(one, "tax_behavior") == "exclusive";
            (on_top ? totals.tax : totals.tax_inclusive) += number(one, "amount");
        }
        if (stripe::present(invoice, "ending_balance")) {
            totals.balance =
                number(invoice, "ending_balance") - number(invoice, "starting_balance");
        }
        totals.credited = number(invoice, "pre_payment_credit_notes_amount");
        return totals;
    }
};

}  // namespace paydesk::sandbox
