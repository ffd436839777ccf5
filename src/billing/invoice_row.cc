#include "billing/invoice_row.h"

#include <algorithm>
#include <utility>

#include "billing/recordset.h"

namespace paydesk::billing {

namespace {

json::array line_items(const std::vector<provider::InvoiceLine>& lines) {
    using recordset::value;
    json::array items;
    items.reserve(lines.size());
    for (const auto& line : lines) {
        items.push_back(json::object{
            {"description",  value(line.description)         },
            {"amount",       value(line.amount.minor_units())},
            {"quantity",     value(line.quantity)            },
            {"price_id",     value(line.price)               },
            {"period_start", value(line.period_start)        },
            {"period_end",   value(line.period_end)          },
            {"proration",    value(line.proration)           }
        });
    }
    return items;
}

// The order in which an invoice goes through its states; two of one rank exclude each other.
int rank(provider::InvoiceStatus status) {
    switch (status) {
        case provider::InvoiceStatus::draft:
            return 0;
        case provider::InvoiceStatus::open:
            return 1;
        case provider::InvoiceStatus::uncollectible:
            return 2;
        case provider::InvoiceStatus::paid:
        case provider::InvoiceStatus::void_:
            return 3;
    }
    std::unreachable();
}

json::object bill_to(const provider::BillTo& to) {
    json::object object;
    if (to.name) object["name"] = *to.name;
    if (to.email) object["email"] = *to.email;
    if (!to.address.empty()) object["address"] = json::array(to.address.begin(), to.address.end());
    if (!to.tax_ids.empty()) object["tax_ids"] = json::array(to.tax_ids.begin(), to.tax_ids.end());
    return object;
}

std::int64_t not_negative(Money amount) { return std::max<std::int64_t>(amount.minor_units(), 0); }

}  // namespace

InvoiceRow::Content content_of(const provider::InvoiceSnapshot& snapshot, bool livemode) {
    InvoiceRow::Content content;
    if (snapshot.subscription) content.subscription = snapshot.subscription->value;
    if (snapshot.payment) content.payment = snapshot.payment->value;
    content.number = snapshot.number;
    content.status = snapshot.deleted ? provider::InvoiceStatus::void_ : snapshot.status;
    content.currency = snapshot.total.currency().lower_code();
    content.amount_due = not_negative(snapshot.amount_due);
    content.amount_paid = not_negative(snapshot.amount_paid);
    content.amount_remaining = not_negative(snapshot.amount_remaining);
    content.subtotal = snapshot.subtotal.minor_units();
    content.total = snapshot.total.minor_units();
    content.discount_amount = not_negative(snapshot.discount);
    content.tax_amount = snapshot.tax.minor_units();
    content.taxes_inclusive = snapshot.taxes_inclusive;
    content.bill_to = bill_to(snapshot.bill_to);
    content.billing_reason = snapshot.billing_reason;
    content.hosted_invoice_url = snapshot.hosted_invoice_url;
    content.invoice_pdf = snapshot.invoice_pdf;
    content.line_items = line_items(snapshot.lines);
    content.attempt_count = std::max<std::int64_t>(snapshot.attempt_count, 0);
    content.next_payment_attempt = snapshot.next_payment_attempt;
    content.period_start = snapshot.period_start;
    content.period_end = snapshot.period_end;
    if (content.period_start && content.period_end) {
        content.period_end = std::max(*content.period_end, *content.period_start);
    }
    content.due_date = snapshot.due_date;
    content.paid_at = snapshot.paid_at;
    content.livemode = livemode;
    content.created_at = snapshot.created_at;
    return content;
}

std::partial_ordering state_order(const InvoiceRow::Content& incoming,
                                  const InvoiceRow::Content& row) {
    if (incoming.status != row.status) {
        if (rank(incoming.status) == rank(row.status)) return std::partial_ordering::unordered;
        return rank(incoming.status) <=> rank(row.status);
    }
    return incoming.attempt_count <=> row.attempt_count;
}

}  // namespace paydesk::billing
