// The hosted invoice, /i/{invoice}, its PDF, and a charge's receipt.

#include <fmt/format.h>

#include "sandbox/pages/html.h"
#include "sandbox/pages/pages.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

http::Response missing() {
    return notice_page("No such document", "This link is wrong or was made by another sandbox.", {},
                       {}, 404);
}

// `processing`: the bank was asked for it already.
http::Response show(const Object& invoice, const Form& sent, std::string_view message,
                    bool processing = false) {
    const auto currency = text(invoice, "currency");
    const auto id = text(invoice, "id");
    std::string lines;
    for (const json::value& value : children(child(invoice, "lines"), "data")) {
        const Object& line = value.get_object();
        lines += fmt::format(
            "<li><span>{}<br><small class=\"soft\">{} to {}</small></span><span>{}</span></li>",
            escape(text(line, "description")), date_text(number(child(line, "period"), "start")),
            date_text(number(child(line, "period"), "end")),
            escape(money_text(number(line, "amount"), currency)));
    }
    const auto status = text(invoice, "status");
    std::string html = fmt::format(
        "<section class=\"card\"><div class=\"row\"><h1>Invoice {}</h1>"
        "<span class=\"badge{}\" data-testid=\"invoice-status\">{}</span></div>"
        "<p class=\"soft\">{}<br>{}</p><p class=\"total\">{}</p><ul class=\"lines\">{}</ul>"
        "<p><a href=\"/i/{}/pdf\">Download as PDF</a></p></section>",
        escape(text(invoice, "number")), status == "paid" ? " good" : "", escape(status),
        escape(text(invoice, "customer_name")), escape(text(invoice, "customer_email")),
        escape(money_text(number(invoice, "amount_due"), currency)), lines, escape(id));
    if (status == "open" && processing) {
        html +=
            "<section class=\"card\"><p data-testid=\"processing\">A payment of this invoice is "
            "being processed: the bank answers in days.</p></section>";
    } else if (status == "open") {
        html += fmt::format(
            "<section class=\"card\"><h2>Pay</h2><form method=\"post\" action=\"/i/{}\" "
            "data-once>{}{}"
            "<button type=\"submit\" class=\"primary block\" data-testid=\"pay-button\">Pay "
            "{}</button>"
            "</form>{}</section>",
            escape(id), error_box(message), card_fields(field(sent, "card_name")),
            escape(money_text(number(invoice, "amount_due"), currency)), card_hints());
    }
    return html_page("Invoice", html, Width::narrow);
}

http::Response pay(Account& account, const http::Request& request, const std::string& id) {
    const auto form = form_of(request);
    try {
        const auto method = text(add_payment_method(account, card_details(form)), "id");
        const auto customer = text(account.get("invoice", id), "customer");
        const auto outcome = pay_invoice(
            account, id, {.payment_method = method, .return_url = account.base_url() + "/i/" + id});
        if (outcome == Outcome::succeeded) attach_method(account, method, customer);
        account.commit();
        const Object& invoice = account.get("invoice", id);
        const auto intent = text(invoice, "_payment_intent");
        if (outcome == Outcome::requires_action) {
            return redirect_to(three_d_secure_url(account, intent));
        }
        if (outcome == Outcome::declined) {
            return show(invoice, form, refusal_of(account.get("payment_intent", intent)).message);
        }
        return redirect_to("/i/" + id);
    } catch (const Refusal& refusal) {
        account.rollback();
        return show(account.get("invoice", id), form, refusal.message);
    }
}

// Text for a PDF's string: the standard fonts know no UTF-8.
std::string pdf_text(std::string_view said) {
    std::string safe;
    for (const char c : said) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0xC0) safe += '?';
        if (byte >= 0x80) continue;
        if (c == '(' || c == ')' || c == '\\') safe += '\\';
        safe += byte < 0x20 ? ' ' : c;
    }
    return safe;
}

std::string pdf_of(const std::vector<std::string>& lines) {
    std::string content =
        "BT /F1 18 Tf 56 780 Td 20 TL (" + pdf_text(lines.front()) + ") Tj /F1 11 Tf T* ";
    for (std::size_t i = 1; i < lines.size() && i < 36; ++i) {
        content += "T* (" + pdf_text(lines[i]).substr(0, 200) + ") Tj ";
    }
    content += "ET";
    const std::string objects[] = {
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        fmt::format("<< /Length {} >>\nstream\n{}\nendstream", content.size(), content),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    };
    std::string pdf = "%PDF-1.4\n";
    std::string table = "0000000000 65535 f \n";
    for (std::size_t i = 0; i < std::size(objects); ++i) {
        table += fmt::format("{:010} 00000 n \n", pdf.size());
        pdf += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
    }
    const auto start = pdf.size();
    pdf += fmt::format("xref\n0 {}\n{}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n",
                       std::size(objects) + 1, table, std::size(objects) + 1, start);
    return pdf;
}

}  // namespace

http::Response invoice_page(Account& account, const http::Request& request, const std::string& id) {
    const auto* invoice = account.find("invoice", id);
    if (!invoice || text(*invoice, "status") == "draft") return missing();
    if (request.method == "POST") return pay(account, request, id);
    std::string message;
    const auto* intent = account.find("payment_intent", text(*invoice, "_payment_intent"));
    if (intent && present(*intent, "last_payment_error")) message = refusal_of(*intent).message;
    return show(*invoice, {}, message, intent && text(*intent, "status") == "processing");
}

http::Response invoice_pdf(const Account& account, const std::string& id) {
    const auto* invoice = account.find("invoice", id);
    if (!invoice || text(*invoice, "status") == "draft") return missing();
    const auto currency = text(*invoice, "currency");
    std::vector<std::string> lines = {
        "Invoice " + text(*invoice, "number"), text(*invoice, "customer_name"),
        text(*invoice, "customer_email"),      "Date: " + date_text(number(*invoice, "created")),
        "Status: " + text(*invoice, "status"), ""};
    for (const json::value& value : children(child(*invoice, "lines"), "data")) {
        const Object& line = value.get_object();
        lines.push_back(text(line, "description") + "   " +
                        money_text(number(line, "amount"), currency));
    }
    lines.push_back("");
    lines.push_back("Total: " + money_text(number(*invoice, "total"), currency));
    lines.push_back("Paid: " + money_text(number(*invoice, "amount_paid"), currency));
    http::Response response{.content_type = "application/pdf", .body = pdf_of(lines)};
    response.headers.set("Content-Disposition", "inline; filename=\"Invoice-" +
                                                    pdf_text(text(*invoice, "number")) + ".pdf\"");
    return response;
}

http::Response receipt_page(const Account& account, const std::string& id) {
    const auto* charge = account.find("charge", id);
    if (!charge) return missing();
    return notice_page("Receipt", money_text(number(*charge, "amount"), text(*charge, "currency")) +
                                      " paid on " + date_text(number(*charge, "created")) + ".");
}

}  // namespace paydesk::sandbox
