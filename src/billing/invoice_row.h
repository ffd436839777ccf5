#pragma once
// An invoice as it is stored: what apply_change loads, decides about and saves.

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "billing/owner_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

struct InvoiceRow {
    std::string id;  // ours
    AccountId account;
    provider::Name provider = provider::Name::stripe;
    std::string invoice;  // the provider's id
    Instant stamp;
    std::string revision;

    struct Content {
        std::optional<std::string> subscription, payment, number;
        provider::InvoiceStatus status = provider::InvoiceStatus::draft;
        std::string currency;
        std::int64_t amount_due = 0, amount_paid = 0, amount_remaining = 0, subtotal = 0, total = 0;
        std::int64_t discount_amount = 0, tax_amount = 0;
        bool taxes_inclusive = false;
        json::object bill_to;
        std::optional<std::string> billing_reason, hosted_invoice_url, invoice_pdf;
        json::array line_items;
        std::int64_t attempt_count = 0;
        std::optional<Instant> next_payment_attempt, period_start, period_end, due_date, paid_at;
        bool livemode = false;
        Instant created_at;
        friend bool operator==(const Content&, const Content&) = default;
    } content;
};

// paid and void are for ever.
constexpr bool is_final(provider::InvoiceStatus status) {
    return status == provider::InvoiceStatus::paid || status == provider::InvoiceStatus::void_;
}

// Pure. REQUIRES: snapshot.invoice. A draft that was deleted at the provider is void here.
InvoiceRow::Content content_of(const provider::InvoiceSnapshot& snapshot, bool livemode);

// What the two alone prove: a draft is before an open one, that before an uncollectible one, and
// attempts are only ever added.
std::partial_ordering state_order(const InvoiceRow::Content& incoming,
                                  const InvoiceRow::Content& row);

namespace invoice_rows {
// Locks and loads those that exist. Keys are (account, provider's id).
Task<std::vector<InvoiceRow>> load(db::Tx& tx, std::map<owner_store::ObjectKey, AccountId> keys);
Task<> save(db::Tx& tx, std::vector<InvoiceRow> rows);
}  // namespace invoice_rows

}  // namespace paydesk::billing
