// The hosted invoice, /i/{invoice}, and a charge's receipt.

#include <fmt/format.h>

#include "sandbox/pages/html.h"
#include "sandbox/pages/invoice_totals.h"
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
    const auto add = [&](std::string_view name, std::int64_t amount) {
        if (amount == 0) return;
        lines += fmt::format("<li><span>{}</span><span>{}</span></li>", name,
                             escape(money_text(amount, currency)));
    };
    const auto totals = InvoiceTotals::of(invoice);
    add("Discount", -totals.discount);
    add("Tax", totals.tax);
    add("From the balance", -totals.balance);
    add("Credit notes", -totals.credited);
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

http::Response receipt_page(const Account& account, const std::string& id) {
    const auto* charge = account.find("charge", id);
    if (!charge) return missing();
    return notice_page("Receipt", money_text(number(*charge, "amount"), text(*charge, "currency")) +
                                      " paid on " + date_text(number(*charge, "created")) + ".");
}

}  // namespace paydesk::sandbox
