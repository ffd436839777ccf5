// The hosted checkout page, /c/pay/{session}, and the 3-D Secure page, /3ds/{intent}.

#include <fmt/format.h>

#include <algorithm>

#include "sandbox/pages/bank_form.h"
#include "sandbox/pages/html.h"
#include "sandbox/pages/pages.h"
#include "sandbox/stripe/checkout.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/session_discounts.h"
#include "sandbox/stripe/settling.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

// A field for a promotion code, or the button that takes one off again.
std::string code_form(const Object& session) {
    if (!flag(session, "allow_promotion_codes")) return {};
    const auto id = escape(text(session, "id"));
    if (!children(session, "discounts").empty()) {
        return fmt::format(
            "<form method=\"post\" action=\"/c/pay/{}\" data-once><button type=\"submit\" "
            "name=\"remove_code\" value=\"1\" data-testid=\"remove-code\">Remove the "
            "code</button></form>",
            id);
    }
    return fmt::format(
        "<form method=\"post\" action=\"/c/pay/{}\" data-once class=\"beside\"><div><label "
        "for=\"promotion_code\">"
        "Promotion code</label><input id=\"promotion_code\" name=\"promotion_code\" "
        "data-testid=\"promotion-code\" maxlength=\"500\" autocomplete=\"off\"></div>"
        "<button type=\"submit\" name=\"apply_code\" value=\"1\" "
        "data-testid=\"apply-code\">Apply</button></form>",
        id);
}

std::string summary(const Account& account, const Object& session) {
    const auto mode = text(session, "mode");
    const auto currency = text(session, "currency");
    std::string html = "<section class=\"summary\" aria-label=\"Order\">";
    if (mode == "setup") {
        return html +
               "<h1>Save a payment method</h1><p class=\"soft\">Nothing is charged "
               "today.</p></section>";
    }
    std::string title = "Pay Paydesk sandbox";
    std::string lines;
    std::string later;  // what a trial costs when it is over
    for (const json::value& value : children(session, "_line_items")) {
        const Object& line = value.get_object();
        const Object& price = child(line, "price");
        const auto interval = interval_text(price);
        if (!interval.empty()) title = "Subscribe to " + text(line, "description");
        const auto quantity = number(line, "quantity", 1);
        if (!interval.empty()) {
            const auto cost =
                is_metered(price)
                    ? std::string("what was used")
                    : money_text(amount_of(stripe::presented(price, currency), quantity), currency);
            later += (later.empty() ? "" : ", ") + cost + " " + interval;
        }
        lines += fmt::format(
            "<li><span>{}{}<br><small class=\"soft\">{}</small></span><span>{}</span></li>",
            escape(text(line, "description")), quantity > 1 ? fmt::format(" × {}", quantity) : "",
            escape(interval), escape(money_text(number(line, "amount_total"), currency)));
    }
    html +=
        fmt::format("<h1>{}</h1><p class=\"total\" data-testid=\"checkout-total\">{}</p>",
                    escape(title), escape(money_text(number(session, "amount_total"), currency)));
    const Object& data = child(session, "_subscription_data");
    if (present(data, "trial_period_days")) {
        html += fmt::format("<p class=\"soft\">{} days free, then {}</p>",
                            number(data, "trial_period_days"), escape(later));
    } else if (present(data, "trial_end")) {
        html += fmt::format("<p class=\"soft\">Free until {}, then {}</p>",
                            date_text(number(data, "trial_end")), escape(later));
    }
    const auto discount = discount_name(account, session);
    if (!discount.empty()) {
        const auto off = number(child(session, "total_details"), "amount_discount");
        lines += fmt::format("<li data-testid=\"discount\"><span>{}</span><span>−{}</span></li>",
                             escape(discount), escape(money_text(off, currency)));
    }
    return html + "<ul class=\"lines\">" + lines + "</ul>" + code_form(session) + "</section>";
}

std::string known_email(const Account& account, const Object& session) {
    if (const auto* customer = account.find("customer", text(session, "customer"))) {
        if (present(*customer, "email")) return text(*customer, "email");
    }
    return text(session, "customer_email");
}

// What the page can ask for, in the session's order: wallets are cards here.
std::vector<std::string> methods_of(const Object& session) {
    std::vector<std::string> methods;
    for (const json::value& value : children(session, "payment_method_types")) {
        const std::string type(value.get_string());
        if (type == "card" || is_debit(type)) methods.push_back(type);
    }
    if (methods.empty()) methods.emplace_back("card");
    return methods;
}

std::string chosen_method(const Object& session, const Form& sent) {
    const auto methods = methods_of(session);
    const auto wanted = field(sent, "method");
    return std::ranges::find(methods, wanted) == methods.end() ? methods.front() : wanted;
}

// One link for each, when there is something to choose.
std::string method_links(const Object& session, const std::string& chosen) {
    const auto methods = methods_of(session);
    if (methods.size() < 2) return {};
    std::string html = "<nav class=\"actions\" aria-label=\"Payment method\">";
    for (const auto& method : methods) {
        html += fmt::format(
            "<a class=\"button{}\" data-testid=\"method-{}\" href=\"/c/pay/{}?method={}\"{}>{}</a>",
            method == chosen ? " primary" : "", method, escape(text(session, "id")), method,
            method == chosen ? " aria-current=\"true\"" : "",
            method == "card" ? "Card" : name_of_debit(method));
    }
    return html + "</nav>";
}

http::Response form_page(const Account& account, const Object& session, const Form& sent,
                         std::string_view message) {
    const auto method = chosen_method(session, sent);
    const auto mode = text(session, "mode");
    const bool card = needs_card(account, session);
    const auto email = known_email(account, session);
    std::string html = summary(account, session) + "<section class=\"card\">";
    html += fmt::format("<form method=\"post\" action=\"/c/pay/{}\" data-once>",
                        escape(text(session, "id")));
    html += error_box(message);
    if (email.empty()) {
        html += fmt::format(
            "<label for=\"email\">E-mail</label><input id=\"email\" name=\"email\" type=\"email\" "
            "data-testid=\"email\" autocomplete=\"email\" required maxlength=\"320\" value=\"{}\">",
            escape(field(sent, "email")));
    } else {
        html += fmt::format("<p class=\"soft\">E-mail<br><strong>{}</strong></p>", escape(email));
    }
    if (card) {
        html +=
            method_links(session, method) +
            fmt::format("<input type=\"hidden\" name=\"method\" value=\"{}\">", method) +
            (method == "card" ? card_fields(field(sent, "card_name")) : bank_fields(method, sent));
    }
    const Object& data = child(session, "_subscription_data");
    const bool trial = present(data, "trial_period_days") || present(data, "trial_end");
    const std::string action =
        mode == "setup" ? (method == "card" ? "Save card" : "Save account")
        : number(session, "amount_total") == 0
            ? (trial                    ? "Start trial"
               : mode == "subscription" ? "Subscribe"
                                        : "Complete order")
            : (mode == "subscription" ? "Subscribe and pay " : "Pay ") +
                  money_text(number(session, "amount_total"), text(session, "currency"));
    html += fmt::format(
        "<button type=\"submit\" class=\"primary block\" "
        "data-testid=\"pay-button\">{}</button></form>",
        escape(action));
    const auto cancel = safe_url(text(session, "cancel_url"));
    if (!cancel.empty()) {
        html +=
            fmt::format("<p><a data-testid=\"cancel-link\" href=\"{}\">Cancel and go back</a></p>",
                        escape(cancel));
    }
    if (card) html += method == "card" ? card_hints() : bank_hints(method);
    return html_page("Checkout", html + "</section>", Width::split);
}

// Why the last attempt failed, for who comes back from the 3-D Secure page.
std::string last_message(const Account& account, const Object& session) {
    const auto* intent = account.store().find(text(session, "_intent"));
    if (!intent) return {};
    const bool failed =
        present(*intent, "last_payment_error") || present(*intent, "last_setup_error");
    return failed ? refusal_of(*intent).message : std::string();
}

http::Response change_code(Account& account, const std::string& id, const Form& form) {
    try {
        const bool removes = form.contains("remove_code");
        if (!removes && field(form, "promotion_code").empty()) {
            refuse("", "Type in a promotion code.", "promotion_code");
        }
        apply_code(account, id,
                   removes ? std::string() : std::string(field(form, "promotion_code")));
        account.commit();
        return redirect_to("/c/pay/" + id);
    } catch (const Refusal& refusal) {
        account.rollback();
        return form_page(account, account.get("checkout.session", id), form, refusal.message);
    }
}

http::Response submit(Account& account, const Object& session, const http::Request& request) {
    const auto form = form_of(request);
    const auto id = text(session, "id");
    if (form.contains("apply_code") || form.contains("remove_code")) {
        return change_code(account, id, form);
    }
    if (known_email(account, session).empty() &&
        field(form, "email").find('@') == std::string::npos) {
        return form_page(account, session, form, "Your e-mail address is incomplete.");
    }
    try {
        const auto method = chosen_method(session, form);
        const auto submitted =
            method == "card" ? submit_checkout(account, id, card_details(form))
                             : submit_checkout_by_bank(account, id, bank_details(form, method));
        account.commit();
        if (submitted.outcome != Outcome::declined) return redirect_to(submitted.url);
        return form_page(account, account.get("checkout.session", id), form, submitted.message);
    } catch (const Refusal& refusal) {
        account.rollback();
        return form_page(account, account.get("checkout.session", id), form, refusal.message);
    }
}

}  // namespace

http::Response checkout_page(Account& account, const http::Request& request,
                             const std::string& id) {
    const auto* session = account.find("checkout.session", id);
    if (!session) {
        return notice_page("No such checkout", "This link is wrong or was made by another sandbox.",
                           {}, {}, 404);
    }
    const auto status = text(*session, "status");
    if (status == "complete") {
        return notice_page("You are all set", "This checkout was completed already.",
                           success_url(*session), "Back to the shop");
    }
    if (status == "expired") {
        return notice_page("This checkout has expired", "Go back and start again.",
                           text(*session, "cancel_url"), "Back to the shop", 410);
    }
    if (request.method == "POST") return submit(account, *session, request);
    Form choice;
    for (const auto& [key, value] : http::parse_form(request.query)) {
        if (key == "method") choice[key] = value;
    }
    return form_page(account, *session, choice, last_message(account, *session));
}

http::Response three_d_secure_page(Account& account, const http::Request& request,
                                   const std::string& id) {
    const auto* intent = account.store().find(id);
    const auto kind = intent ? text(*intent, "object") : std::string();
    if (kind != "payment_intent" && kind != "setup_intent") {
        return notice_page("No such payment", "This link is wrong or was made by another sandbox.",
                           {}, {}, 404);
    }
    if (text(*intent, "status") != "requires_action") {
        return notice_page("Nothing to confirm", "This payment was confirmed or refused already.",
                           text(*intent, "_return_url"), "Go on");
    }
    if (request.method == "POST") {
        const bool complete = field(form_of(request), "answer") == "complete";
        try {
            const auto answered = answer_authentication(account, id, complete);
            account.commit();
            if (!safe_url(answered.url).empty()) return redirect_to(answered.url);
            return notice_page(
                complete ? "Authenticated" : "Not authenticated",
                answered.message.empty() ? "You can close this page." : answered.message);
        } catch (const Refusal& refusal) {
            account.rollback();
            return notice_page("That did not work", refusal.message, {}, {}, 400);
        }
    }
    const bool setup = kind == "setup_intent";
    const auto amount =
        setup ? std::string("to save this card")
              : "of " + money_text(number(*intent, "amount"), text(*intent, "currency"));
    return html_page(
        "3-D Secure",
        fmt::format("<section class=\"card\"><h1>Your bank asks: is this you?</h1>"
                    "<p>Paydesk sandbox wants to confirm a payment {}. Choose how the bank's check "
                    "ends.</p>"
                    "<form method=\"post\" action=\"/3ds/{}\" data-once class=\"actions\">"
                    "<button type=\"submit\" name=\"answer\" value=\"complete\" class=\"primary\" "
                    "data-testid=\"3ds-complete\">Complete</button>"
                    "<button type=\"submit\" name=\"answer\" value=\"fail\" class=\"danger\" "
                    "data-testid=\"3ds-fail\">Fail</button></form></section>",
                    escape(amount), escape(id)),
        Width::narrow);
}

}  // namespace paydesk::sandbox
