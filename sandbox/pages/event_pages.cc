// The start page with the event log, an event, and the log of deliveries.

#include <fmt/format.h>

#include <map>
#include <set>

#include "sandbox/faults.h"
#include "sandbox/mail/mime_text.h"
#include "sandbox/pages/console.h"
#include "sandbox/pages/html.h"
#include "sandbox/pages/pages.h"
#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/events.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

constexpr std::size_t rows_max = 100;

using ByStatus = std::map<std::string, int>;

std::map<std::string, ByStatus, std::less<>> deliveries_by_event(const Account& account) {
    std::map<std::string, ByStatus, std::less<>> all;
    for (const auto& id : account.store().ids("_delivery")) {
        const Object& delivery = *account.store().find(id);
        ++all[text(delivery, "event")][text(delivery, "status")];
    }
    return all;
}

std::string badges(const ByStatus& counts) {
    std::string html;
    for (const auto& [status, count] : counts) {
        html +=
            status_badge(status, count > 1 ? fmt::format("{} {}", count, status) : status) + " ";
    }
    return html;
}

std::string resend_button(const std::string& event, std::string_view back) {
    return fmt::format(
        "<form method=\"post\" action=\"/events/{}/resend\"><input type=\"hidden\" name=\"back\" "
        "value=\"{}\"><button type=\"submit\" class=\"small\" data-testid=\"resend\" "
        "aria-label=\"Resend {}\">Resend</button></form>",
        escape(event), escape(back), escape(event));
}

// What the event log is narrowed to.
struct Wanted {
    std::string type;    // "invoice.*"
    std::string words;   // in the payload
    std::string before;  // an event: only older ones

    static Wanted of(const http::Request& request) {
        return {query_value(request, "type"), query_value(request, "q"),
                query_value(request, "before")};
    }
    bool narrows() const { return !type.empty() || !words.empty(); }
    bool takes(const Object& event) const {
        // "invoice" alone means all that begins with it.
        const auto pattern = type.find('*') == std::string::npos ? type + "*" : type;
        if (!type.empty() && !fits(pattern, text(event, "type"))) return false;
        if (words.empty() || text(event, "id") == words) return true;
        return lower_case(json::serialize(child(event, "data"))).find(lower_case(words)) !=
               std::string::npos;
    }
    std::string query(const std::string& older_than) const {
        return "/?type=" + http::percent_encode(type) + "&amp;q=" + http::percent_encode(words) +
               "&amp;before=" + http::percent_encode(older_than);
    }
};

std::string filter_form(const Account& account, const Wanted& wanted) {
    std::set<std::string> types;
    for (const auto& id : account.store().ids("event")) {
        types.insert(text(*account.store().find(id), "type"));
    }
    std::string options;
    for (const auto& type : types) options += "<option value=\"" + escape(type) + "\">";
    return fmt::format(
        "<form method=\"get\" action=\"/\" class=\"filters\" role=\"search\"><div><label "
        "for=\"f-type\">Type</label><input id=\"f-type\" name=\"type\" list=\"types\" value=\"{}\" "
        "placeholder=\"invoice.*\" maxlength=\"100\" autocomplete=\"off\"><datalist id=\"types\">{}"
        "</datalist></div><div><label for=\"f-q\">Search payloads</label><input id=\"f-q\" "
        "name=\"q\" type=\"search\" value=\"{}\" placeholder=\"an id, an e-mail address, a "
        "number\" maxlength=\"200\"></div><button type=\"submit\">Show</button>{}</form>",
        escape(wanted.type), options, escape(wanted.words),
        wanted.narrows() ? "<a href=\"/\">Show all</a>" : "");
}

std::string events_section(const Account& account, const http::Request& request) {
    const auto wanted = Wanted::of(request);
    std::string rows, last, older;
    auto deliveries = deliveries_by_event(account);
    const auto& ids = account.store().ids("event");
    std::size_t shown = 0;
    bool begun = wanted.before.empty();
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const Object& event = *account.store().find(*id);
        if (!begun) {
            begun = *id == wanted.before;
            continue;
        }
        if (!wanted.takes(event)) continue;
        if (shown == rows_max) {
            older = last;
            break;
        }
        ++shown;
        last = *id;
        const auto object = text(child(child(event, "data"), "object"), "id");
        rows += fmt::format(
            "<tr data-testid=\"event\"><td data-label=\"When\">{}</td><td data-label=\"Type\"><a "
            "href=\"/events/{}\">{}</a></td><td data-label=\"Object\">{}</td><td "
            "data-label=\"Deliveries\">{}</td><td>{}</td></tr>",
            short_time(number(event, "created")), escape(*id), escape(text(event, "type")),
            object_link(account, object), badges(deliveries[*id]), resend_button(*id, "/"));
    }
    return "<section class=\"card\">" + filter_form(account, wanted) +
           data_table("When|Type|Object|Deliveries|Action", rows,
                      wanted.narrows() ? "No event is like that." : "Nothing has happened yet.") +
           (older.empty() ? ""
                          : fmt::format("<p><a href=\"{}\" rel=\"next\">Older ones</a></p>",
                                        wanted.query(older))) +
           "</section>";
}

std::string endpoints_section(const Account& account) {
    std::string rows;
    for (const auto& id : account.store().ids("webhook_endpoint")) {
        const auto* endpoint = account.find("webhook_endpoint", id);
        if (!endpoint) continue;
        rows += fmt::format(
            "<tr><td data-label=\"URL\"><code>{}</code></td><td data-label=\"Version\">{}</td><td "
            "data-label=\"Status\">{}</td></tr>",
            escape(text(*endpoint, "url")), escape(version_of_endpoint(account, *endpoint).name),
            status_badge(text(*endpoint, "status")));
    }
    return "<section class=\"card\"><h2>Webhook endpoints</h2>" +
           data_table("URL|Version|Status", rows,
                      "None: POST /v1/webhook_endpoints, --webhook-url or <code>paydesk-sandbox "
                      "listen</code> makes one.") +
           "</section>";
}

std::string attempts_text(const Object& delivery) {
    std::string attempts;
    for (const json::value& value : children(delivery, "attempts")) {
        const Object& attempt = value.get_object();
        const auto status = number(attempt, "status");
        attempts +=
            fmt::format("{}{}: {} <span class=\"soft\">({} ms)</span>",
                        attempts.empty() ? "" : "<br>", short_time(number(attempt, "at")),
                        status > 0 ? std::to_string(status) : escape(text(attempt, "error")),
                        number(attempt, "milliseconds"));
    }
    return attempts.empty() ? "<span class=\"soft\">not yet</span>" : attempts;
}

std::string accounts_section() {
    std::string rows;
    for (const auto type : debit_types) {
        for (const auto& one : shown_accounts(type)) {
            rows += fmt::format(
                "<tr><td data-label=\"Scheme\">{}</td><td "
                "data-label=\"Number\"><code>{}</code></td>"
                "<td data-label=\"What\">{}</td><td data-label=\"For the API\"><code>{}</code></td>"
                "</tr>",
                name_of_debit(type), one.number, escape(one.fate->says), one.method);
        }
    }
    return "<section class=\"card\" id=\"test-accounts\"><h2>Test bank accounts</h2><p "
           "class=\"soft\">Routing number 110000000, sort code 108800. SEPA has the same for 20 "
           "countries: <code>pm_success_fr</code>.</p>" +
           data_table("Scheme|Number|What it does|For the API", rows, "") + "</section>";
}

}  // namespace

http::Response index_page(const Account& account, const http::Request& request) {
    return html_page(
        "Events",
        fmt::format("<h1>Events</h1><p class=\"soft\">An offline Stripe. API: <code>{}/v1</code>, "
                    "with any key like <code>sk_test_123</code>. Its clock says <a "
                    "href=\"/clock\">{}</a>.</p>",
                    escape(account.base_url()), time_text(account.now())) +
            events_section(account, request),
        Width::wide, 200, "/");
}

http::Response event_page(const Account& account, const std::string& id) {
    const auto* event = account.find("event", id);
    if (!event)
        return notice_page("No such event", "It was made by another sandbox.", "/", "Back", 404);
    std::string rows;
    for (const auto& delivery_id : account.store().ids("_delivery")) {
        const Object& delivery = *account.store().find(delivery_id);
        if (text(delivery, "event") != id) continue;
        rows += fmt::format(
            "<tr><td data-label=\"URL\"><code>{}</code></td><td data-label=\"Status\">{}</td><td "
            "data-label=\"Attempts\"><span>{}</span></td></tr>",
            escape(text(delivery, "url")), status_badge(text(delivery, "status")),
            attempts_text(delivery));
    }
    const auto version = Version::parse(text(*event, "api_version"));
    const auto object = text(child(child(*event, "data"), "object"), "id");
    const auto asked = text(child(*event, "request"), "id");
    return html_page(
        text(*event, "type"),
        fmt::format(
            "<p><a href=\"/\">← All events</a></p><div class=\"row\"><h1>{}</h1>{}</div>"
            "<section class=\"card\"><dl class=\"facts\"><dt>Id</dt><dd><code>{}</code></dd>"
            "<dt>When</dt><dd>{}</dd><dt>Object</dt><dd>{}</dd><dt>Caused by</dt><dd>{}</dd></dl>"
            "</section><section class=\"card\"><h2>Deliveries</h2>{}</section><section "
            "class=\"card\"><h2>Payload</h2>{}</section>",
            escape(text(*event, "type")), resend_button(id, "/events/" + id), escape(id),
            time_text(number(*event, "created")), object_link(account, object),
            asked.empty() ? "time or a hosted page"
                          : "the API call <code>" + escape(asked) + "</code>",
            data_table("URL|Status|Attempts", rows, "No endpoint listened."),
            linked_json(account,
                        event_body(*event, version ? *version : account.default_version()))),
        Width::wide, 200, "/");
}

http::Response deliveries_page(const Account& account, const http::Request& request) {
    const auto status = query_value(request, "status");
    std::set<std::string> statuses = {"delivered", "failed", "pending"};
    std::string rows;
    std::size_t shown = 0;
    const auto& ids = account.store().ids("_delivery");
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const Object& delivery = *account.store().find(*id);
        statuses.insert(text(delivery, "status"));
        if (!status.empty() && text(delivery, "status") != status) continue;
        if (++shown > rows_max) continue;
        const auto event = text(delivery, "event");
        rows += fmt::format(
            "<tr data-testid=\"delivery\"><td data-label=\"Event\"><span><a "
            "href=\"/events/{0}\">{1}</a></span></td><td data-label=\"Endpoint\"><code>{2}</code>"
            "</td><td data-label=\"Status\">{3}</td><td data-label=\"Attempts\"><span>{4}</span>"
            "</td><td>{5}</td></tr>",
            escape(event), escape(text(delivery, "type")), escape(text(delivery, "url")),
            status_badge(text(delivery, "status")), attempts_text(delivery),
            resend_button(event, "/deliveries"));
    }
    std::string options = "<option value=\"\">all</option>";
    for (const auto& one : statuses) {
        options +=
            fmt::format("<option{}>{}</option>", one == status ? " selected" : "", escape(one));
    }
    const bool paused = account.setting("webhooks_paused") == json::value(true);
    return html_page(
        "Deliveries",
        std::string("<h1>Deliveries</h1>") +
            (paused ? "<p class=\"error\" role=\"status\">Deliveries are held: POST "
                      "/_sandbox/webhooks/resume lets them go.</p>"
                    : "") +
            "<section class=\"card\"><form method=\"get\" action=\"/deliveries\" "
            "class=\"filters\"><div><label for=\"f-status\">Status</label><select id=\"f-status\" "
            "name=\"status\">" +
            options + "</select></div><button type=\"submit\">Show</button></form>" +
            data_table("Event|Endpoint|Status|Attempts|Action", rows,
                       status.empty() ? "Nothing was sent yet." : "None is like that.") +
            (shown > rows_max
                 ? fmt::format("<p class=\"soft\">The newest {} of {}.</p>", rows_max, shown)
                 : std::string()) +
            "</section>" + endpoints_section(account),
        Width::wide, 200, "/deliveries");
}

http::Response test_cards_page() {
    std::string rows;
    for (const auto& card : test_cards()) {
        rows += fmt::format(
            "<tr><td data-label=\"Number\"><code>{}</code></td><td data-label=\"What\">{}</td><td "
            "data-label=\"For the API\"><code>{}</code></td></tr>",
            card.number, escape(card.says), card.method);
    }
    return html_page("Test cards",
                     "<h1>Test cards</h1><p class=\"soft\">Any date in the future, any security "
                     "code.</p><section class=\"card\">" +
                         data_table("Number|What it does|For the API", rows, "") + "</section>" +
                         accounts_section(),
                     Width::wide, 200, "/test-cards");
}

}  // namespace paydesk::sandbox
