// The customers, everything about one of them, and any other object.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "sandbox/mail/mime_text.h"
#include "sandbox/pages/console.h"
#include "sandbox/pages/failure_form.h"
#include "sandbox/pages/html.h"
#include "sandbox/pages/pages.h"
#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/events.h"
#include "sandbox/stripe/render.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

constexpr std::size_t rows_max = 200;
constexpr std::size_t events_shown_max = 50;

std::string cell(std::string_view label, const std::string& html) {
    return fmt::format("<td data-label=\"{}\">{}</td>", label, html);
}

std::string section(std::string_view title, std::string_view heads, const std::string& rows,
                    std::string_view empty) {
    return fmt::format("<section class=\"card\"><h2>{}</h2>{}</section>", title,
                       data_table(heads, rows, empty));
}

// The rows of those objects of a kind that belong to the customer, newest first.
std::string rows_of(const Account& account, std::string_view kind, const std::string& customer,
                    const std::function<std::string(const Object&)>& row) {
    std::string rows;
    std::size_t shown = 0;
    const auto& ids = account.store().ids(kind);
    for (auto id = ids.rbegin(); id != ids.rend() && shown < rows_max; ++id) {
        const auto* object = account.find(kind, *id);
        if (!object || text(*object, "customer") != customer) continue;
        ++shown;
        rows += "<tr>" + row(*object) + "</tr>";
    }
    return rows;
}

// "Visa •••• 4242", "link"; of a PaymentMethod or a charge's details.
std::string method_text(const Object& method) {
    if (present(method, "card") || is_debit(text(method, "type"))) return card_text(method);
    auto said = text(method, "type");
    const auto last4 = text(child(method, said), "last4");
    std::ranges::replace(said, '_', ' ');
    return last4.empty() ? said : said + " •••• " + last4;
}

// "Subscription"
std::string title_of(const std::string& kind) {
    auto title = noun_of(kind);
    if (title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 32);
    return title;
}

std::string plan_text(const Account& account, const Object& subscription) {
    std::string plans;
    for (const json::value& value : children(child(subscription, "items"), "data")) {
        const Object& price = child(value.get_object(), "price");
        const auto* product = account.store().find("product", text(price, "product"));
        const auto quantity = number(value.get_object(), "quantity", 1);
        if (!plans.empty()) plans += ", ";
        plans += escape(product ? text(*product, "name") : text(price, "id"));
        if (quantity > 1) plans += fmt::format(" × {}", quantity);
    }
    return plans;
}

std::string subscriptions_section(const Account& account, const std::string& customer) {
    return section(
        "Subscriptions", "Subscription|Plan|Status|Period ends",
        rows_of(account, "subscription", customer,
                [&](const Object& subscription) {
                    const bool ended = present(subscription, "ended_at");
                    return cell("Subscription", object_link(account, text(subscription, "id"))) +
                           cell("Plan", plan_text(account, subscription)) +
                           cell("Status", status_badge(text(subscription, "status"))) +
                           cell("Period ends", ended ? "" : date_text(period_end_of(subscription)));
                }),
        "None.");
}

std::string invoices_section(const Account& account, const std::string& customer) {
    return section(
        "Invoices", "Invoice|Number|Status|Total|Paid|Date",
        rows_of(account, "invoice", customer,
                [&](const Object& invoice) {
                    const auto currency = text(invoice, "currency");
                    const auto id = escape(text(invoice, "id"));
                    const auto named = text(invoice, "status") == "draft"
                                           ? std::string()
                                           : fmt::format("<a href=\"/i/{}\">{}</a>", id,
                                                         escape(text(invoice, "number")));
                    return cell("Invoice", object_link(account, text(invoice, "id"))) +
                           cell("Number", named) +
                           cell("Status", status_badge(text(invoice, "status"))) +
                           cell("Total", escape(money_text(number(invoice, "total"), currency))) +
                           cell("Paid",
                                escape(money_text(number(invoice, "amount_paid"), currency))) +
                           cell("Date", date_text(number(invoice, "created")));
                }),
        "None.");
}

std::string payments_section(const Account& account, const std::string& customer) {
    return section(
        "Payments", "Charge|Status|Amount|Refunded|Method|When",
        rows_of(account, "charge", customer,
                [&](const Object& charge) {
                    const auto currency = text(charge, "currency");
                    const auto refunded = number(charge, "amount_refunded");
                    const Object& details = child(charge, "payment_method_details");
                    const auto failure = text(charge, "failure_message");
                    return cell("Charge", object_link(account, text(charge, "id"))) +
                           cell("Status", status_badge(text(charge, "status")) +
                                              (failure.empty() ? ""
                                                               : " <span class=\"soft\">" +
                                                                     escape(failure) + "</span>")) +
                           cell("Amount", escape(money_text(number(charge, "amount"), currency))) +
                           cell("Refunded",
                                refunded > 0 ? escape(money_text(refunded, currency)) : "") +
                           cell("Method", escape(method_text(details))) +
                           cell("When", short_time(number(charge, "created")));
                }),
        "None.");
}

std::string methods_section(const Account& account, const Object& customer) {
    const auto chosen = text(child(customer, "invoice_settings"), "default_payment_method");
    return section("Payment methods", "Method|What|Default",
                   rows_of(account, "payment_method", text(customer, "id"),
                           [&](const Object& method) {
                               const auto id = text(method, "id");
                               return cell("Method", object_link(account, id)) +
                                      cell("What", escape(method_text(method))) +
                                      cell("Default", id == chosen ? "yes" : "");
                           }),
                   "None.");
}

std::string balance_section(const Account& account, const std::string& customer) {
    const auto rows =
        rows_of(account, "customer_balance_transaction", customer, [&](const Object& entry) {
            const auto currency = text(entry, "currency");
            return cell("Type", escape(text(entry, "type"))) +
                   cell("Amount", escape(money_text(number(entry, "amount"), currency))) +
                   cell("Balance afterwards",
                        escape(money_text(number(entry, "ending_balance"), currency))) +
                   cell("Invoice", object_link(account, text(entry, "invoice"))) +
                   cell("When", short_time(number(entry, "created")));
        });
    if (rows.empty()) return {};
    return section("Balance", "Type|Amount|Balance afterwards|Invoice|When", rows, "");
}

std::string sessions_section(const Account& account, const std::string& customer) {
    const auto rows = rows_of(account, "checkout.session", customer, [&](const Object& session) {
        const auto id = text(session, "id");
        const bool open = text(session, "status") == "open";
        return cell("Session", object_link(account, id)) +
               cell("Mode", escape(text(session, "mode"))) +
               cell("Status", status_badge(text(session, "status"))) +
               cell("Page", open ? fmt::format("<a href=\"/c/pay/{}\">Open</a>", escape(id)) : "");
    });
    if (rows.empty()) return {};
    return section("Checkout", "Session|Mode|Status|Page", rows, "");
}

// Those for which `concerns` holds, newest first.
std::string events_section(const Account& account,
                           const std::function<bool(const Object&)>& concerns) {
    std::string rows;
    std::size_t shown = 0;
    const auto& ids = account.store().ids("event");
    for (auto id = ids.rbegin(); id != ids.rend() && shown < events_shown_max; ++id) {
        const Object& event = *account.store().find(*id);
        const Object& object = child(child(event, "data"), "object");
        if (!concerns(object)) continue;
        ++shown;
        rows += "<tr>" + cell("When", short_time(number(event, "created"))) +
                cell("Type", fmt::format("<a href=\"/events/{}\">{}</a>", escape(*id),
                                         escape(text(event, "type")))) +
                cell("Object", object_link(account, text(object, "id"))) + "</tr>";
    }
    return section("Events", "When|Type|Object", rows, "None.") +
           (shown < events_shown_max
                ? ""
                : fmt::format("<p class=\"soft\">The newest {}.</p>", events_shown_max));
}

std::string shown_json(const Account& account, const Object& object) {
    return linked_json(account, pretty_json(render(object, account.default_version().shape)));
}

// What the customer paid less what went back, by currency.
std::string paid_text(const Account& account, const std::string& customer) {
    std::map<std::string, std::int64_t> paid;
    for (const auto& id : account.store().ids("charge")) {
        const Object& charge = *account.store().find(id);
        if (text(charge, "customer") != customer || text(charge, "status") != "succeeded") continue;
        // What was only held and let go of never came, though it counts as refunded.
        if (!flag(charge, "captured")) continue;
        paid[text(charge, "currency")] +=
            number(charge, "amount_captured") - number(charge, "amount_refunded");
    }
    std::string said;
    for (const auto& [currency, amount] : paid) {
        said += (said.empty() ? "" : ", ") + money_text(amount, currency);
    }
    return said.empty() ? "nothing" : said;
}

std::string customer_facts(const Account& account, const Object& customer) {
    const auto id = text(customer, "id");
    const auto balance = number(customer, "balance");
    std::string facts = fmt::format(
        "<dt>Id</dt><dd><code>{}</code></dd><dt>E-mail</dt><dd>{}</dd><dt>Since</dt><dd>{}</dd>"
        "<dt>Paid, less refunds</dt><dd data-testid=\"customer-paid\">{}</dd>",
        escape(id), escape(text(customer, "email")), date_text(number(customer, "created")),
        escape(paid_text(account, id)));
    if (balance != 0) {
        facts += fmt::format(
            "<dt>Balance</dt><dd>{} {}</dd>",
            escape(money_text(balance < 0 ? -balance : balance, text(customer, "currency"))),
            balance < 0 ? "in credit" : "owed");
    }
    if (present(customer, "test_clock")) {
        facts += "<dt>Test clock</dt><dd>" + object_link(account, text(customer, "test_clock")) +
                 "</dd>";
    }
    if (const auto email = text(customer, "email"); !email.empty()) {
        facts += fmt::format("<dt>Mails</dt><dd><a href=\"/mailbox?to={}\">in the mailbox</a></dd>",
                             http::percent_encode(email));
    }
    return "<section class=\"card\"><dl class=\"facts\">" + facts + "</dl></section>";
}

http::Response no_such(std::string_view what) {
    return notice_page("No such " + std::string(what),
                       "It was deleted, or made by another sandbox.", "/", "To the sandbox's start",
                       404);
}

bool customer_is_like(const Object& customer, const std::string& lower_words) {
    for (const auto* key : {"id", "name", "email"}) {
        if (lower_case(text(customer, key)).find(lower_words) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

http::Response customers_page(Account& account, const http::Request& request) {
    std::string said;
    if (request.method == "POST") {
        said = plan_failure(account, form_of(request));
        if (said.empty()) return redirect_to("/customers");
    }
    const auto words = query_value(request, "q");
    std::map<std::string, std::string> subscriptions;  // by customer
    for (const auto& id : account.store().ids("subscription")) {
        const auto* subscription = account.find("subscription", id);
        if (!subscription) continue;
        subscriptions[text(*subscription, "customer")] +=
            plan_text(account, *subscription) + " " + status_badge(text(*subscription, "status")) +
            "<br>";
    }
    std::string rows;
    std::size_t shown = 0;
    const auto& ids = account.store().ids("customer");
    for (auto id = ids.rbegin(); id != ids.rend() && shown < rows_max; ++id) {
        const auto* customer = account.find("customer", *id);
        if (!customer || !customer_is_like(*customer, lower_case(words))) continue;
        ++shown;
        const auto name =
            text(*customer, "name").empty() ? text(*customer, "email") : text(*customer, "name");
        rows += "<tr data-testid=\"customer\">" +
                cell("Customer", fmt::format("<a href=\"/customers/{}\">{}</a>", escape(*id),
                                             escape(name.empty() ? *id : name))) +
                cell("E-mail", escape(text(*customer, "email"))) +
                cell("Subscriptions", "<span>" + subscriptions[*id] + "</span>") +
                cell("Since", date_text(number(*customer, "created"))) +
                cell("Next payment", failure_form(*customer, "/customers")) + "</tr>";
    }
    return html_page(
        "Customers",
        fmt::format("<h1>Customers</h1>{}<section class=\"card\"><form method=\"get\" "
                    "action=\"/customers\" class=\"filters\" role=\"search\"><div><label "
                    "for=\"f-q\">Search</label><input id=\"f-q\" name=\"q\" type=\"search\" "
                    "value=\"{}\" placeholder=\"name, e-mail address or id\" "
                    "maxlength=\"200\"></div><button type=\"submit\">Show</button></form>{}{}"
                    "</section>",
                    error_box(said), escape(words),
                    data_table("Customer|E-mail|Subscriptions|Since|Next payment", rows,
                               words.empty() ? "None yet: POST /v1/customers makes one."
                                             : "Nobody is like that."),
                    shown == rows_max
                        ? fmt::format("<p class=\"soft\">The newest {}.</p>", rows_max)
                        : std::string()),
        Width::wide, said.empty() ? 200 : 400, "/customers");
}

http::Response customer_page(Account& account, const http::Request& request,
                             const std::string& id) {
    const auto* customer = account.store().find("customer", id);
    if (!customer) return no_such("customer");
    const auto here = "/customers/" + id;
    std::string said;
    if (request.method == "POST") {
        said = plan_failure(account, form_of(request));
        if (said.empty()) return redirect_to(here);
        customer = account.store().find("customer", id);
    }
    const auto name =
        text(*customer, "name").empty() ? text(*customer, "email") : text(*customer, "name");
    const bool deleted = flag(*customer, "_deleted");
    return html_page(
        name.empty() ? id : name,
        "<p><a href=\"/customers\">← Customers</a></p><h1>" + escape(name.empty() ? id : name) +
            (deleted ? " <span class=\"badge bad\">deleted</span>" : "") + "</h1>" +
            error_box(said) + customer_facts(account, *customer) +
            (deleted ? ""
                     : "<section class=\"card\"><h2>Next payment</h2>" +
                           failure_form(*customer, here) + "</section>") +
            subscriptions_section(account, id) + invoices_section(account, id) +
            payments_section(account, id) + methods_section(account, *customer) +
            balance_section(account, id) + sessions_section(account, id) +
            events_section(account,
                           [&](const Object& object) {
                               return text(object, "customer") == id || text(object, "id") == id;
                           }) +
            "<section class=\"card\"><details><summary>As JSON</summary>" +
            shown_json(account, *customer) + "</details></section>",
        Width::wide, said.empty() ? 200 : 400, "/customers");
}

http::Response object_page(const Account& account, const std::string& id) {
    const auto* object = account.store().find(id);
    const auto kind = object ? text(*object, "object") : std::string();
    if (kind.empty()) return no_such("object");
    if (kind == "event") return redirect_to("/events/" + id);
    if (kind == "customer") return redirect_to("/customers/" + id);
    const auto customer = text(*object, "customer");
    std::string hosted;
    for (const auto* key : {"hosted_invoice_url", "invoice_pdf", "url", "receipt_url"}) {
        const auto url = kind == "webhook_endpoint" ? "" : safe_url(text(*object, key));
        if (url.empty()) continue;
        hosted +=
            fmt::format("<dt>{}</dt><dd><a href=\"{}\">{}</a></dd>", key, escape(url), escape(url));
    }
    return html_page(
        title_of(kind) + " " + id,
        fmt::format(
            "<p><a href=\"/\">← All events</a></p><h1>{} {}{}</h1><section class=\"card\"><dl "
            "class=\"facts\"><dt>Id</dt><dd><code>{}</code></dd>{}{}</dl></section>"
            "<section class=\"card\"><h2>As JSON</h2>{}</section>{}",
            escape(title_of(kind)), status_badge(text(*object, "status")),
            flag(*object, "_deleted") ? " <span class=\"badge bad\">deleted</span>" : "",
            escape(id),
            customer.empty() ? ""
                             : "<dt>Customer</dt><dd>" + object_link(account, customer) + "</dd>",
            hosted, shown_json(account, *object),
            events_section(account, [&](const Object& about) { return text(about, "id") == id; })),
        Width::wide, 200, kind == "webhook_endpoint" ? "/deliveries" : "/");
}

}  // namespace paydesk::sandbox
