#pragma once
// An invoice as a document: what is on it, and the two forms it takes, a page and a PDF.
//
//     billing/ (rows) ──▶ Invoice ──▶ InvoiceSheet (texts, in the reader's language) ──▶ HTML | PDF

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/money.h"
#include "documents/brand.h"
#include "documents/exchange.h"
#include "documents/wording.h"

namespace paydesk::documents {

struct InvoiceItem {
    std::string description;
    Money amount;
    std::optional<std::int64_t> quantity;
    std::optional<Instant> period_start, period_end;
};

struct Invoice {
    std::string number;  // "" until the provider has given one
    std::string status;  // "paid", "open", "draft", "void", "uncollectible"
    Instant issued_at;
    std::optional<Instant> due_at, paid_at, period_start, period_end;

    // The buyer, as when the invoice was made.
    std::string name, email;
    std::vector<std::string> address, tax_ids;

    std::vector<InvoiceItem> items;
    Money subtotal, discount, tax, total, amount_due, amount_paid, amount_remaining;
    bool taxes_inclusive = false;

    std::optional<Rate> rate;                  // the total is shown at it too
    std::string hosted_url, provider_pdf_url;  // "" without
};

// Every text of the document, ready to be put on paper.
struct InvoiceSheet {
    struct Fact {
        std::string label, value;
        bool strong = false;
    };
    struct Row {
        std::string description, detail, quantity, unit_price, amount;
    };
    struct Link {
        std::string label, url;  // http(s)
    };
    Instant issued_at;  // the PDF's CreationDate: the same invoice is the same bytes at any time
    std::string language, title, number, status, status_label, color, logo_url;
    std::string seller_name;
    std::vector<std::string> seller_lines, buyer_lines;
    std::vector<Fact> facts;
    std::string bill_to_label;
    Row heads;  // of the columns; `detail` is unused
    std::vector<Row> rows;
    std::vector<Fact> sums;
    std::string exchange, footer, page_pattern, continued;
    std::vector<Link> links;
};

// REQUIRES: a language that wording.language() gave.
InvoiceSheet lay_out(const Invoice& invoice, const Brand& brand, const Wording& wording,
                     const std::string& language);

// S4's generateInvoiceHTML: a whole page, everything from outside escaped, no script.
std::string generate_invoice_html(const InvoiceSheet& sheet, const Wording& wording);

// What the page's style is allowed by: "'sha256-...'" of its one <style>.
std::string style_source(const std::string& html);

enum class PageSize : std::uint8_t { a4, letter };

// Several pages where needed: the table's head is repeated, pages are numbered. Any script, by the
// machine's fonts (Noto). The same sheet gives the same bytes. Blocks for milliseconds: call it on a
// worker thread; safe from several at once. Throws Unavailable when Cairo can't.
std::string generate_invoice_pdf(const InvoiceSheet& sheet, PageSize size);

// "invoice-INV-2041.pdf": fit for a header.
std::string invoice_filename(const std::string& number, std::string_view extension);

}  // namespace paydesk::documents
