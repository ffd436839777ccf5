// An invoice as a PDF, /i/{invoice}/pdf.

#include <fmt/format.h>

#include "sandbox/pages/html.h"
#include "sandbox/pages/invoice_totals.h"
#include "sandbox/pages/pages.h"
#include "sandbox/pages/pdf.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;
using Font = Pdf::Font;

constexpr int left = 56;
constexpr int right = Pdf::page_width - 56;
constexpr int quantity_right = right - 110;
constexpr int bottom = Pdf::page_height - 80;
constexpr int description_width = quantity_right - left - 50;

// Draws downwards, and goes on to a new page where one is full.
class Sheet {
public:
    explicit Sheet(const Object& invoice)
        : invoice_(invoice), currency_(text(invoice, "currency")) {}

    std::string draw() {
        first_page();
        for (const json::value& value : children(child(invoice_, "lines"), "data")) {
            line(value.get_object());
        }
        totals();
        for (std::size_t page = 0; page < pdf_.pages(); ++page) {
            pdf_.turn_to(page);
            pdf_.text(left, Pdf::page_height - 40, "Test mode: no money moves here.", 8);
            pdf_.text_right(
                right, Pdf::page_height - 40,
                fmt::format("{} · page {} of {}", text(invoice_, "number"), page + 1, pdf_.pages()),
                8);
        }
        return pdf_.finish("Invoice " + text(invoice_, "number"));
    }

private:
    std::string money(std::int64_t amount) const { return money_text(amount, currency_); }

    void first_page() {
        pdf_.add_page();
        pdf_.text(left, 80, "Invoice", 24, Font::bold);
        pdf_.text_right(right, 80, text(invoice_, "account_name"), 12, Font::bold);
        y_ = 116;
        fact("Number", text(invoice_, "number"));
        fact("Date", date_text(number(invoice_, "created")));
        if (present(invoice_, "due_date")) fact("Due", date_text(number(invoice_, "due_date")));
        fact("Status", text(invoice_, "status"));
        y_ += 12;
        pdf_.text(left, y_, "Billed to", 10, Font::bold);
        for (const auto* key : {"customer_name", "customer_email"}) {
            for (const auto& row : pdf_.wrapped(text(invoice_, key), 10, right - left)) {
                if (!row.empty()) pdf_.text(left, y_ += 15, row, 10);
            }
        }
        y_ += 40;
        pdf_.text(left, y_, money(number(invoice_, "amount_due")) + " due", 16, Font::bold);
        y_ += 36;
        heads();
    }

    void fact(std::string_view name, const std::string& value) {
        pdf_.text(left, y_, name, 10, Font::bold);
        pdf_.text(left + 70, y_, value, 10);
        y_ += 15;
    }

    void heads() {
        pdf_.text(left, y_, "Description", 9, Font::bold);
        pdf_.text_right(quantity_right, y_, "Quantity", 9, Font::bold);
        pdf_.text_right(right, y_, "Amount", 9, Font::bold);
        pdf_.line(left, right, y_ += 6);
        y_ += 16;
    }

    // Room for so many points, or a new page.
    void need(int height) {
        if (y_ + height <= bottom) return;
        pdf_.add_page();
        y_ = 70;
        heads();
    }

    void line(const Object& line) {
        const auto rows = pdf_.wrapped(text(line, "description"), 10, description_width);
        need(static_cast<int>(rows.size()) * 13 + 20);
        if (present(line, "quantity")) {
            pdf_.text_right(quantity_right, y_, std::to_string(number(line, "quantity")), 10);
        }
        pdf_.text_right(right, y_, money(number(line, "amount")), 10);
        for (const auto& row : rows) {
            need(13);  // a description may be longer than a page
            pdf_.text(left, y_, row, 10);
            y_ += 13;
        }
        const auto from = number(child(line, "period"), "start");
        const auto to = number(child(line, "period"), "end");
        if (to > from) {
            pdf_.text(left, y_, date_text(from) + " to " + date_text(to), 8);
            y_ += 12;
        }
        pdf_.line(left, right, y_ - 4);
        y_ += 12;
    }

    void total(std::string_view name, std::int64_t amount, Font font = Font::regular) {
        need(18);
        pdf_.text(quantity_right - 110, y_, name, 10, font);
        pdf_.text_right(right, y_, money(amount), 10, font);
        y_ += 18;
    }

    void totals() {
        y_ += 8;
        const auto parts = InvoiceTotals::of(invoice_);
        total("Subtotal", number(invoice_, "subtotal"));
        if (parts.discount != 0) total("Discount", -parts.discount);
        if (parts.tax != 0) total("Tax", parts.tax);
        total("Total", number(invoice_, "total"), Font::bold);
        if (parts.tax_inclusive != 0) total("Tax in it", parts.tax_inclusive);
        if (parts.balance != 0) total("From the balance", -parts.balance);
        if (parts.credited != 0) total("Credit notes", -parts.credited);
        total("Amount due", number(invoice_, "amount_due"), Font::bold);
        total("Paid", number(invoice_, "amount_paid"));
        if (number(invoice_, "amount_remaining") != 0) {
            total("Remaining", number(invoice_, "amount_remaining"), Font::bold);
        }
    }

    const Object& invoice_;
    std::string currency_;
    Pdf pdf_;
    int y_ = 0;
};

}  // namespace

http::Response invoice_pdf(const Account& account, const std::string& id) {
    const auto* invoice = account.find("invoice", id);
    if (!invoice || text(*invoice, "status") == "draft") {
        return notice_page("No such document", "This link is wrong or was made by another sandbox.",
                           {}, {}, 404);
    }
    std::string name = "Invoice-" + text(*invoice, "number") + ".pdf";
    for (char& c : name) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                           (c >= 'a' && c <= 'z') || c == '-' || c == '.';
        if (!plain) c = '_';
    }
    http::Response response{.content_type = "application/pdf", .body = Sheet(*invoice).draw()};
    response.headers.set("Content-Disposition", "inline; filename=\"" + name + "\"");
    return response;
}

}  // namespace paydesk::sandbox
