// The customer portal, /p/session/{session}.

#include <fmt/format.h>

#include "sandbox/pages/html.h"
#include "sandbox/pages/pages.h"
#include "sandbox/pages/portal_parts.h"
#include "sandbox/stripe/portal.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox {

using namespace stripe;

std::string base_of(const Object& session) { return "/p/session/" + text(session, "id"); }

const Object& features_of(const Account& account, const Object& session) {
    return child(account.get("billing_portal.configuration", text(session, "configuration")),
                 "features");
}

std::string plan_name(const Account& account, const Object& subscription) {
    std::string name;
    for (const json::value& value : children(child(subscription, "items"), "data")) {
        const Object& price = child(value.get_object(), "price");
        const auto* product = account.store().find("product", text(price, "product"));
        if (!name.empty()) name += ", ";
        name += product ? text(*product, "name") : text(price, "id");
        const auto cost =
            is_metered(price)
                ? std::string("what was used")
                : money_text(amount_of(price, number(value.get_object(), "quantity", 1)),
                             text(price, "currency"));
        name += ", " + cost + " " + interval_text(price);
    }
    return name;
}

std::string return_link(const Object& session) {
    const auto url = safe_url(text(session, "return_url"));
    if (url.empty()) return {};
    return fmt::format("<p><a data-testid=\"portal-return\" href=\"{}\">← Return</a></p>",
                       escape(url));
}

http::Response portal_done(Account& account, const Object& session, std::string_view message) {
    const Object& after = child(child(session, "flow"), "after_completion");
    const auto type = text(after, "type");
    const auto target = text(child(after, "redirect"), "return_url");
    const auto custom = text(child(after, "hosted_confirmation"), "custom_message");
    // The flow is over: the session shows the whole portal from now on.
    const bool flow = present(session, "flow");
    const auto id = text(session, "id");
    const auto back = text(session, "return_url");
    if (flow) account.change(id, "", [](Object& changed) { changed["_flow_done"] = true; });
    account.commit();
    if (flow && type == "redirect") return redirect_to(target);
    if (flow && type == "hosted_confirmation") {
        return notice_page("Done", custom.empty() ? std::string(message) : custom, back, "Return");
    }
    return redirect_to(base_of(account.get("billing_portal.session", id)) +
                       "?done=" + http::percent_encode(message));
}

namespace {

std::vector<const Object*> live_subscriptions(const Account& account, const Object& session) {
    std::vector<const Object*> live;
    for (const auto& id : account.store().ids("subscription")) {
        const Object& subscription = *account.store().find(id);
        if (text(subscription, "customer") == text(session, "customer") &&
            !present(subscription, "ended_at")) {
            live.push_back(&subscription);
        }
    }
    return live;
}

std::string subscription_section(const Account& account, const Object& session) {
    std::string html = "<section class=\"card\"><h2>Current subscription</h2>";
    const auto live = live_subscriptions(account, session);
    if (live.empty()) return html + "<p class=\"soft\">There is none.</p></section>";
    const bool may_cancel =
        flag(child(features_of(account, session), "subscription_cancel"), "enabled");
    for (const Object* subscription : live) {
        const auto id = text(*subscription, "id");
        const bool ending = present(*subscription, "cancel_at");
        html += fmt::format(
            "<div class=\"row\"><strong>{}</strong><span class=\"badge\" "
            "data-testid=\"portal-status\">{}</span></div><p class=\"soft\">{}</p>",
            escape(plan_name(account, *subscription)), escape(text(*subscription, "status")),
            text(*subscription, "status") == "paused" ? "Paused"
            : ending ? "Cancels on " + date_text(number(*subscription, "cancel_at"))
                     : "Renews on " + date_text(period_end_of(*subscription)));
        html += "<div class=\"actions\">";
        html += update_actions(account, session, *subscription);
        if (ending && !present(*subscription, "schedule")) {
            html += fmt::format(
                "<form method=\"post\" action=\"{}/resume\" data-once><input type=\"hidden\" "
                "name=\"subscription\" value=\"{}\"><button type=\"submit\" class=\"primary\" "
                "data-testid=\"portal-resume\">Keep my plan</button></form>",
                base_of(session), escape(id));
        } else if (may_cancel && !ending) {
            html += fmt::format(
                "<a class=\"button danger\" data-testid=\"portal-cancel\" "
                "href=\"{}?view=cancel&amp;subscription={}\">Cancel plan</a>",
                base_of(session), escape(id));
        }
        html += "</div>";
    }
    return html + "</section>";
}

// " expires 12/2034"; a bank account does not.
std::string expiry_text(const Object& method) {
    const Object& card = child(method, "card");
    if (card.empty()) return {};
    return fmt::format(" <span class=\"soft\">expires {:02}/{}</span>", number(card, "exp_month"),
                       number(card, "exp_year"));
}

std::string methods_section(const Account& account, const Object& session) {
    const auto customer = text(session, "customer");
    const Object& settings = child(account.get("customer", customer), "invoice_settings");
    std::string html = "<section class=\"card\"><h2>Payment methods</h2><ul class=\"lines\">";
    bool any = false;
    std::string in_use = text(settings, "default_payment_method");
    for (const Object* subscription : live_subscriptions(account, session)) {
        if (present(*subscription, "default_payment_method")) {
            in_use = text(*subscription, "default_payment_method");
        }
    }
    for (const auto& id : account.store().ids("payment_method")) {
        const Object& method = *account.store().find(id);
        if (text(method, "customer") != customer) continue;
        any = true;
        html += fmt::format("<li><span>{}{}</span>{}</li>", escape(card_text(method)),
                            expiry_text(method),
                            id == in_use ? "<span class=\"badge good\">Default</span>" : "");
    }
    html += any ? "</ul>" : "<li class=\"soft\">None saved.</li></ul>";
    if (flag(child(features_of(account, session), "payment_method_update"), "enabled")) {
        html += fmt::format(
            "<a class=\"button\" data-testid=\"portal-update-card\" "
            "href=\"{}?view=card\">{}</a>",
            base_of(session), any ? "Use another card" : "Add a card");
    }
    return html + "</section>";
}

std::string invoices_section(const Account& account, const Object& session) {
    if (!flag(child(features_of(account, session), "invoice_history"), "enabled")) return {};
    std::string rows;
    const auto& ids = account.store().ids("invoice");
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const Object& invoice = *account.store().find(*id);
        if (text(invoice, "customer") != text(session, "customer") ||
            text(invoice, "status") == "draft") {
            continue;
        }
        rows += fmt::format(
            "<tr><td>{}</td><td>{}</td><td><span class=\"badge{}\">{}</span></td>"
            "<td><a href=\"/i/{}\">{}</a></td></tr>",
            date_text(number(invoice, "created")),
            escape(money_text(number(invoice, "total"), text(invoice, "currency"))),
            text(invoice, "status") == "paid" ? " good" : "", escape(text(invoice, "status")),
            escape(*id), escape(text(invoice, "number")));
    }
    return "<section class=\"card\"><h2>Invoices</h2><div class=\"scroll\"><table><thead><tr>"
           "<th>Date</th><th>Total</th><th>Status</th><th>Number</th></tr></thead><tbody>" +
           (rows.empty() ? "<tr><td colspan=\"4\" class=\"soft\">None yet.</td></tr>" : rows) +
           "</tbody></table></div></section>";
}

http::Response home(const Account& account, const Object& session, std::string_view message) {
    const Object& customer = account.get("customer", text(session, "customer"));
    std::string html = return_link(session);
    html += fmt::format(
        "<h1>Billing</h1><p class=\"soft\">{}</p>",
        escape(present(customer, "email") ? text(customer, "email") : text(customer, "id")));
    if (!message.empty()) {
        html += fmt::format("<p class=\"done\" role=\"status\">{}</p>", escape(message));
    }
    html += subscription_section(account, session) + methods_section(account, session) +
            details_section(account, session) + invoices_section(account, session);
    return html_page("Billing", html, Width::narrow);
}

http::Response card_view(const Object& session, const Form& sent, std::string_view message) {
    const bool flow = present(session, "flow");
    return html_page(
        "Card",
        fmt::format(
            "{}<section class=\"card\"><h1>Add a card</h1><p class=\"soft\">It becomes the default "
            "for what comes next.</p><form method=\"post\" action=\"{}/card\" data-once>{}{}"
            "<button type=\"submit\" class=\"primary block\" "
            "data-testid=\"portal-save-card\">Save card</button></form>{}{}</section>",
            flow ? return_link(session) : "", base_of(session), error_box(message),
            card_fields(field(sent, "card_name")),
            flow ? std::string() : fmt::format("<p><a href=\"{}\">Back</a></p>", base_of(session)),
            card_hints()),
        Width::narrow);
}

http::Response cancel_view(const Account& account, const Object& session, const std::string& id) {
    const auto* subscription = account.find("subscription", id);
    if (!subscription || text(*subscription, "customer") != text(session, "customer")) {
        return notice_page("No such subscription", "It may have ended.", base_of(session), "Back",
                           404);
    }
    const bool now =
        text(child(features_of(account, session), "subscription_cancel"), "mode") == "immediately";
    const auto when =
        now ? std::string("right now")
            : "on " + date_text(period_end_of(*subscription)) + "; until then nothing changes";
    return html_page(
        "Cancel plan",
        fmt::format(
            "{}<section class=\"card\"><h1>Cancel your plan?</h1><p>{}</p><p>It ends {}.</p>"
            "<form method=\"post\" action=\"{}/cancel\" data-once class=\"actions\">"
            "<input type=\"hidden\" name=\"subscription\" value=\"{}\">"
            "<button type=\"submit\" class=\"danger\" data-testid=\"portal-confirm-cancel\">"
            "Cancel plan</button><a class=\"button\" href=\"{}\">Go back</a></form></section>",
            return_link(session), escape(plan_name(account, *subscription)), escape(when),
            base_of(session), escape(id),
            escape(present(session, "flow") ? safe_url(text(session, "return_url"))
                                            : base_of(session))),
        Width::narrow);
}

http::Response post_card(Account& account, const Object& session, const http::Request& request) {
    const auto form = form_of(request);
    const auto id = text(session, "id");
    try {
        const auto saved = save_card(account, id, card_details(form));
        if (saved.outcome == Outcome::succeeded) {
            return portal_done(account, account.get("billing_portal.session", id),
                               "Your card was saved.");
        }
        account.commit();
        if (saved.outcome == Outcome::requires_action) return redirect_to(saved.url);
        return card_view(account.get("billing_portal.session", id), form, saved.message);
    } catch (const Refusal& refusal) {
        account.rollback();
        return card_view(account.get("billing_portal.session", id), form, refusal.message);
    }
}

http::Response post_change(Account& account, const Object& session, const http::Request& request,
                           const std::string& action) {
    const auto id = field(form_of(request), "subscription");
    const auto* subscription = account.find("subscription", id);
    if (!subscription || text(*subscription, "customer") != text(session, "customer") ||
        present(*subscription, "ended_at")) {
        return notice_page("No such subscription", "It may have ended.", base_of(session), "Back",
                           404);
    }
    // Whoever decides here about the end has no use for what was planned before.
    if (present(*subscription, "schedule")) {
        release_schedule(account, text(*subscription, "schedule"), false);
    }
    if (action == "resume") {
        keep_subscription(account, id);
        return portal_done(account, session, "Your plan goes on.");
    }
    const Object& feature = child(features_of(account, session), "subscription_cancel");
    if (text(feature, "mode") == "immediately") {
        cancel_subscription(account, id, "cancellation_requested");
    } else if (!present(*subscription, "cancel_at")) {
        cancel_at_period_end(account, id, CancelBy::portal);
    }
    return portal_done(account, session, "Your plan was cancelled.");
}

}  // namespace

http::Response portal_page(Account& account, const http::Request& request, const std::string& id,
                           const std::string& action) {
    const auto* session = account.find("billing_portal.session", id);
    if (!session || !account.find("customer", text(*session, "customer"))) {
        return notice_page("No such portal", "This link is wrong or was made by another sandbox.",
                           {}, {}, 404);
    }
    if (request.method == "POST") {
        if (action == "details") return post_details(account, *session, request);
        if (action == "card") return post_card(account, *session, request);
        if (action == "update" || action == "keep" || action == "pause" || action == "unpause") {
            return post_update(account, *session, request, action);
        }
        if (action == "cancel" || action == "resume") {
            return post_change(account, *session, request, action);
        }
        return notice_page("No such page", "There is nothing here.", base_of(*session), "Back",
                           404);
    }
    if (action == "updated") return after_update(account, *session, request);
    // Back from a 3-D Secure page that was answered with "Complete".
    if (action == "done") return portal_done(account, *session, "Your card was saved.");
    const auto view = query_value(request, "view");
    const Object& flow = child(*session, "flow");
    const bool flowing = !flow.empty() && !flag(*session, "_flow_done");
    const auto type = flowing ? text(flow, "type") : std::string();
    if (view == "details" || (view.empty() && type == "customer_update")) {
        return details_view(account, *session, {}, {});
    }
    if (view == "card" || type == "payment_method_update") {
        // The error is there when one comes back from a 3-D Secure page that was answered with "Fail".
        return card_view(*session, {}, query_value(request, "error"));
    }
    if (view == "update" || view == "confirm" || view == "pause" || type == "subscription_update" ||
        type == "subscription_update_confirm" || type == "subscription_pause") {
        return update_page(account, *session, request, view.empty() ? type : view);
    }
    if (view == "cancel")
        return cancel_view(account, *session, query_value(request, "subscription"));
    if (type == "subscription_cancel") {
        return cancel_view(account, *session,
                           text(child(flow, "subscription_cancel"), "subscription"));
    }
    return home(account, *session, query_value(request, "done"));
}

}  // namespace paydesk::sandbox
