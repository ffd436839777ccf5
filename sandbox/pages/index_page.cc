// The sandbox's own pages: what happened, what was delivered, which cards to try.

#include <fmt/format.h>

#include <map>

#include "sandbox/pages/html.h"
#include "sandbox/pages/pages.h"
#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/events.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

constexpr std::size_t events_shown_max = 100;

struct Deliveries {
    int delivered = 0;
    int pending = 0;
    int failed = 0;
};

std::map<std::string, Deliveries, std::less<>> deliveries_by_event(const Account& account) {
    std::map<std::string, Deliveries, std::less<>> all;
    for (const auto& id : account.store().ids("_delivery")) {
        const Object& delivery = *account.store().find(id);
        auto& counts = all[text(delivery, "event")];
        const auto status = text(delivery, "status");
        if (status == "delivered")
            ++counts.delivered;
        else if (status == "pending")
            ++counts.pending;
        else
            ++counts.failed;
    }
    return all;
}

std::string badges(const Deliveries& counts) {
    std::string html;
    if (counts.delivered > 0) {
        html += fmt::format("<span class=\"badge good\">{} delivered</span> ", counts.delivered);
    }
    if (counts.pending > 0) {
        html += fmt::format("<span class=\"badge\">{} pending</span> ", counts.pending);
    }
    if (counts.failed > 0) {
        html += fmt::format("<span class=\"badge bad\">{} failed</span>", counts.failed);
    }
    return html;
}

std::string resend_button(const std::string& event) {
    return fmt::format(
        "<form method=\"post\" action=\"/events/{}/resend\"><button type=\"submit\" "
        "data-testid=\"resend\">Resend</button></form>",
        escape(event));
}

std::string events_section(const Account& account) {
    std::string rows;
    auto deliveries = deliveries_by_event(account);
    const auto& ids = account.store().ids("event");
    std::size_t shown = 0;
    for (auto id = ids.rbegin(); id != ids.rend() && shown < events_shown_max; ++id, ++shown) {
        const Object& event = *account.store().find(*id);
        const Object& object = child(child(event, "data"), "object");
        rows += fmt::format(
            "<tr><td>{}</td><td><a href=\"/events/{}\">{}</a></td><td><code>{}</code></td>"
            "<td>{}</td><td>{}</td></tr>",
            time_text(number(event, "created")), escape(*id), escape(text(event, "type")),
            escape(text(object, "id")), badges(deliveries[*id]), resend_button(*id));
    }
    if (rows.empty())
        rows = "<tr><td colspan=\"5\" class=\"soft\">Nothing has happened yet.</td></tr>";
    return "<section class=\"card\"><h2>Events</h2><div "
           "class=\"scroll\"><table><thead><tr><th>When</th>"
           "<th>Type</th><th>Object</th><th>Deliveries</th><th></th></tr></thead><tbody>" +
           rows + "</tbody></table></div></section>";
}

std::string cards_section() {
    std::string rows;
    for (const auto& card : test_cards()) {
        rows += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td><code>{}</code></td></tr>",
                            card.number, escape(card.says), card.method);
    }
    return "<section class=\"card\" id=\"test-cards\"><h2>Test cards</h2><p class=\"soft\">Any "
           "date in "
           "the future, any security code.</p><div "
           "class=\"scroll\"><table><thead><tr><th>Number</th>"
           "<th>What it does</th><th>For the API</th></tr></thead><tbody>" +
           rows + "</tbody></table></div></section>";
}

std::string accounts_section() {
    std::string rows;
    for (const auto type : debit_types) {
        for (const auto& one : shown_accounts(type)) {
            rows += fmt::format(
                "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td><code>{}</code></td></tr>",
                name_of_debit(type), one.number, escape(one.fate->says), one.method);
        }
    }
    return "<section class=\"card\" id=\"test-accounts\"><h2>Test bank accounts</h2><p "
           "class=\"soft\">Routing number 110000000, sort code 108800. SEPA has the same for 20 "
           "countries: <code>pm_success_fr</code>.</p><div class=\"scroll\"><table><thead><tr>"
           "<th>Scheme</th><th>Number</th><th>What it does</th><th>For the API</th></tr></thead>"
           "<tbody>" +
           rows + "</tbody></table></div></section>";
}

std::string endpoints_section(const Account& account) {
    std::string rows;
    for (const auto& id : account.store().ids("webhook_endpoint")) {
        const auto* endpoint = account.find("webhook_endpoint", id);
        if (!endpoint) continue;
        rows += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                            escape(text(*endpoint, "url")),
                            escape(version_of_endpoint(account, *endpoint).name),
                            escape(text(*endpoint, "status")));
    }
    if (rows.empty()) {
        rows =
            "<tr><td colspan=\"3\" class=\"soft\">None: POST /v1/webhook_endpoints or "
            "--webhook-url makes one.</td></tr>";
    }
    return "<section class=\"card\"><h2>Webhook endpoints</h2><div "
           "class=\"scroll\"><table><thead><tr>"
           "<th>URL</th><th>Version</th><th>Status</th></tr></thead><tbody>" +
           rows + "</tbody></table></div></section>";
}

}  // namespace

http::Response index_page(const Account& account) {
    std::string html = fmt::format(
        "<h1>Paydesk sandbox</h1><p class=\"soft\">An offline Stripe. API: <code>{}/v1</code>, "
        "with any key like <code>sk_test_123</code>. Its clock says {}.</p>",
        escape(account.base_url()), time_text(account.now()));
    return html_page("Sandbox",
                     html + endpoints_section(account) + events_section(account) + cards_section() +
                         accounts_section(),
                     Width::wide);
}

http::Response event_page(const Account& account, const std::string& id) {
    const auto* event = account.find("event", id);
    if (!event)
        return notice_page("No such event", "It was made by another sandbox.", "/", "Back", 404);
    std::string rows;
    for (const auto& delivery_id : account.store().ids("_delivery")) {
        const Object& delivery = *account.store().find(delivery_id);
        if (text(delivery, "event") != id) continue;
        std::string attempts;
        for (const json::value& value : children(delivery, "attempts")) {
            const Object& attempt = value.get_object();
            attempts += fmt::format("{}: {} {} ({} ms)<br>", time_text(number(attempt, "at")),
                                    number(attempt, "status"), escape(text(attempt, "error")),
                                    number(attempt, "milliseconds"));
        }
        rows +=
            fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                        escape(text(delivery, "url")), escape(text(delivery, "status")), attempts);
    }
    if (rows.empty()) rows = "<tr><td colspan=\"3\" class=\"soft\">No endpoint listened.</td></tr>";
    const auto version = Version::parse(text(*event, "api_version"));
    return html_page(
        text(*event, "type"),
        fmt::format(
            "<p><a href=\"/\">← All events</a></p><div class=\"row\"><h1>{}</h1>{}</div>"
            "<section class=\"card\"><h2>Deliveries</h2><div class=\"scroll\"><table><thead><tr>"
            "<th>URL</th><th>Status</th><th>Attempts</th></tr></thead><tbody>{}</tbody></table>"
            "</div></section><section class=\"card\"><h2>Payload</h2><pre>{}</pre></section>",
            escape(text(*event, "type")), resend_button(id), rows,
            escape(event_body(*event, version ? *version : account.default_version()))),
        Width::wide);
}

}  // namespace paydesk::sandbox
