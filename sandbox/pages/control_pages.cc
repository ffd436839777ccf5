#include "sandbox/pages/control_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sandbox/pages/html.h"
#include "sandbox/stripe/due.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/planned_failures.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

constexpr std::int64_t day = 86400;
constexpr std::int64_t days_max = 5 * 366;
constexpr std::size_t rows_max = 200;

std::string table(std::string_view heads, const std::string& rows, std::string_view empty) {
    std::string head;
    for (std::size_t at = 0; at <= heads.size();) {
        const auto bar = std::min(heads.find('|', at), heads.size());
        head += "<th>" + std::string(heads.substr(at, bar - at)) + "</th>";
        at = bar + 1;
    }
    return "<div class=\"scroll\"><table><thead><tr>" + head + "</tr></thead><tbody>" +
           (rows.empty()
                ? "<tr><td colspan=\"9\" class=\"soft\">" + std::string(empty) + "</td></tr>"
                : rows) +
           "</tbody></table></div>";
}

// The next moment at which a subscription of the global clock renews; 0 when there is none.
std::int64_t next_renewal(const Account& account) {
    std::int64_t next = 0;
    for (const auto& id : account.store().ids("subscription")) {
        const auto* subscription = account.find("subscription", id);
        if (!subscription || present(*subscription, "test_clock")) continue;
        const auto status = text(*subscription, "status");
        if (status != "active" && status != "trialing" && status != "past_due") continue;
        const auto end = period_end_of(*subscription);
        if (end > account.now() && (next == 0 || end < next)) next = end;
    }
    return next;
}

std::int64_t whole(const std::string& text) {
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

// How far the form asks to go; -1 when it cannot be read.
std::int64_t seconds_asked(const Account& account, const Form& form) {
    if (field(form, "until") == "renewal") {
        const auto next = next_renewal(account);
        return next > 0 ? next - account.now() : -1;
    }
    if (field(form, "until") == "month") return 31 * day;
    const auto days = whole(field(form, "days"));
    return days >= 0 && days <= days_max ? days * day : -1;
}

std::string clock_button(std::string_view name, std::string_view value, std::string_view label) {
    return fmt::format(
        "<button type=\"submit\" name=\"{}\" value=\"{}\" data-testid=\"advance-{}\">{}</button>",
        name, value, value, label);
}

std::string input(std::string_view name, std::string_view label, std::string_view more) {
    return fmt::format(
        "<div><label for=\"f-{0}\">{1}</label><input id=\"f-{0}\" name=\"{0}\" {2}></div>", name,
        label, more);
}

// The form's fields as POST /_sandbox/faults takes them: what was left empty is left out.
Object fault_of(const Form& form) {
    Object wanted;
    for (const auto* key : {"fault", "when", "reason", "api_version"}) {
        if (!field(form, key).empty()) wanted[key] = field(form, key);
    }
    for (const auto* key : {"count", "seconds", "copies"}) {
        if (!field(form, key).empty()) wanted[key] = whole(field(form, key));
    }
    if (const auto percent = field(form, "percent"); !percent.empty()) {
        wanted["probability"] = static_cast<double>(whole(percent)) / 100;
    }
    const auto kind =
        std::ranges::find(Faults::kinds(), text(wanted, "fault"), &Faults::Kind::name);
    const bool of_calls = kind != Faults::kinds().end() && kind->place == Faults::Place::call;
    if (!field(form, "filter").empty())
        wanted[of_calls ? "route" : "event"] = field(form, "filter");
    return wanted;
}

// Does what the form says; what was wrong with it, or "".
std::string obey(Faults& faults, const Form& form) {
    const auto action = field(form, "action");
    try {
        if (action == "add") faults.add(fault_of(form));
        if (action == "remove") faults.remove(field(form, "id"));
        if (action == "clear") faults.clear();
        return {};
    } catch (const Refusal& refusal) {
        return refusal.message;
    }
}

std::string fault_form() {
    std::string options;
    for (const auto& kind : Faults::kinds()) {
        options +=
            fmt::format("<option value=\"{0}\">{0}: {1}</option>", kind.name, escape(kind.says));
    }
    return "<section class=\"card\"><h2>Set a fault</h2><form method=\"post\" action=\"/faults\">"
           "<input type=\"hidden\" name=\"action\" value=\"add\">"
           "<label for=\"f-fault\">What goes wrong</label><select id=\"f-fault\" name=\"fault\">" +
           options +
           "</select><label for=\"f-when\">An API call fails</label><select id=\"f-when\" "
           "name=\"when\"><option value=\"before\">before its effect</option><option "
           "value=\"after\">after its effect</option></select><div class=\"pair\">" +
           input("filter", "Only for (POST /v1/subscriptions*, invoice.*)",
                 "maxlength=\"200\" autocomplete=\"off\"") +
           input("percent", "How often, in percent",
                 "type=\"number\" min=\"0\" max=\"100\" value=\"100\"") +
           input("count", "How many times (empty: until removed)", "type=\"number\" min=\"1\"") +
           input("seconds", "Seconds (delay, time-out, slow, window)",
                 "type=\"number\" min=\"0\" max=\"86400\"") +
           "</div><button type=\"submit\" class=\"primary block\" data-testid=\"add-fault\">Set "
           "it</button></form></section>";
}

std::string fault_rows(const Faults& faults) {
    std::string rows;
    boost::system::error_code none;
    for (const Object& fault : faults.all()) {
        const auto id = escape(text(fault, "id"));
        rows += fmt::format(
            "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td>{:.0f} %</td><td>{}</td>"
            "<td><form method=\"post\" action=\"/faults\"><input type=\"hidden\" name=\"id\" "
            "value=\"{}\"><button type=\"submit\" name=\"action\" value=\"remove\" "
            "aria-label=\"Remove {}\">Remove</button></form></td></tr>",
            escape(text(fault, "fault")), escape(text(fault, "when")),
            escape(text(fault, "filter")), fault.at("probability").to_number<double>(none) * 100,
            present(fault, "count")
                ? fmt::format("{} of {}", number(fault, "hits"), number(fault, "count"))
                : fmt::format("{}", number(fault, "hits")),
            id, id);
    }
    return rows;
}

std::string log_rows(const Faults& faults) {
    std::string rows;
    std::size_t shown = 0;
    for (const Object& hit : faults.log()) {
        if (++shown > rows_max) break;
        rows += fmt::format(
            "<tr><td>{}</td><td>{}</td><td><code>{}</code></td><td><code>{}</code>"
            "</td></tr>",
            time_text(number(hit, "at")), escape(text(hit, "fault")), escape(text(hit, "subject")),
            escape(text(hit, "reference")));
    }
    return rows;
}

std::string subscriptions_of(const Account& account, const std::string& customer) {
    std::string all;
    for (const auto& id : account.store().ids("subscription")) {
        const auto* subscription = account.find("subscription", id);
        if (!subscription || text(*subscription, "customer") != customer) continue;
        all += fmt::format("<code>{}</code> <span class=\"badge\">{}</span> until {}<br>",
                           escape(id), escape(text(*subscription, "status")),
                           date_text(period_end_of(*subscription)));
    }
    return all;
}

// What the customer's next payment is told to do; a way to change it.
std::string failure_form(const Object& customer) {
    const Object& planned = child(customer, "_planned");
    const auto id = escape(text(customer, "id"));
    const std::string begin = fmt::format(
        "<form method=\"post\" action=\"/customers\" class=\"actions\"><input type=\"hidden\" "
        "name=\"customer\" value=\"{}\">",
        id);
    if (!planned.empty()) {
        return begin + fmt::format(
                           "<span class=\"badge bad\">fails: {}</span><input type=\"hidden\" "
                           "name=\"times\" value=\"0\"><button type=\"submit\" "
                           "data-testid=\"unplan-failure\">Let it pass</button></form>",
                           escape(text(planned, "decline_code")));
    }
    std::string options;
    for (const auto code : plannable_failures()) {
        options += fmt::format("<option>{}</option>", code);
    }
    return begin + fmt::format(
                       "<input type=\"hidden\" name=\"times\" value=\"1\"><select "
                       "name=\"decline_code\" aria-label=\"How the next payment of {} fails\">{}"
                       "</select><button type=\"submit\" data-testid=\"plan-failure\">Make it "
                       "fail</button></form>",
                       id, options);
}

// Does what failure_form() says; what was wrong with it, or "".
std::string plan(Account& account, const Form& form) {
    try {
        plan_failures(account, field(form, "customer"), field(form, "decline_code"),
                      whole(field(form, "times")));
        account.commit();
        return {};
    } catch (const Refusal& refusal) {
        account.rollback();
        return refusal.message;
    }
}

}  // namespace

bool is_from_elsewhere(const http::Request& request) {
    if (request.method != "POST") return false;
    const auto site = request.headers.get("Sec-Fetch-Site");
    if (!site.empty()) return site != "same-origin" && site != "none";
    // Under our own Referrer-Policy browsers say "null" for our own pages too.
    const auto origin = request.headers.get("Origin");
    return !origin.empty() && origin != "null" &&
           origin != "http://" + std::string(request.headers.get("Host"));
}

http::Response clock_page(Account& account, const http::Request& request) {
    std::string said;
    if (request.method == "POST") {
        const auto seconds = seconds_asked(account, form_of(request));
        if (seconds >= 0) {
            advance_clock(account, seconds);
            return redirect_to("/clock");
        }
        said = "Say how far: whole days, at most 1830, or the next renewal if there is one.";
    }
    const auto next = next_renewal(account);
    const auto renewal = next > 0
                             ? "<p>The next subscription renews at " + time_text(next) + ".</p>"
                             : std::string("<p class=\"soft\">No subscription will renew.</p>");
    return html_page(
        "Clock",
        fmt::format(
            "<h1>Clock</h1><section class=\"card\"><p class=\"total\" data-testid=\"now\">{}</p>{}"
            "{}<form method=\"post\" action=\"/clock\" data-once class=\"actions\">{}{}{}</form>"
            "<form method=\"post\" action=\"/clock\" data-once><label for=\"f-days\">Or so many "
            "days</label><input id=\"f-days\" name=\"days\" type=\"number\" min=\"0\" "
            "max=\"1830\" required><div class=\"actions\"><button type=\"submit\">Advance</button>"
            "</div></form></section><p class=\"soft\">Renewals, trial ends, retries and expiries "
            "happen on the way and send their events. Time never goes back. Test clocks keep "
            "their own time.</p>",
            time_text(account.now()), renewal, error_box(said),
            clock_button("days", "1", "Advance a day"),
            clock_button("until", "month", "Advance a month (31 days)"),
            next > 0 ? clock_button("until", "renewal", "To the next renewal") : ""),
        Width::wide, said.empty() ? 200 : 400);
}

http::Response faults_page(const Account&, Faults& faults, const http::Request& request) {
    std::string said;
    if (request.method == "POST") {
        said = obey(faults, form_of(request));
        if (said.empty()) return redirect_to("/faults");
    }
    const std::string clear =
        faults.all().empty()
            ? ""
            : "<form method=\"post\" action=\"/faults\"><button type=\"submit\" name=\"action\" "
              "value=\"clear\" class=\"danger\">Remove all</button></form>";
    return html_page(
        "Faults",
        "<h1>Faults</h1>" + error_box(said) +
            "<section class=\"card\"><div class=\"row\"><h2>Set now</h2>" + clear + "</div>" +
            table("Fault|When|Only for|How often|Struck|", fault_rows(faults),
                  "None: everything works.") +
            "</section>" + fault_form() + "<section class=\"card\"><h2>What struck</h2>" +
            table("When|Fault|Call or event|Request or delivery", log_rows(faults),
                  "Nothing yet.") +
            "</section>",
        Width::wide, said.empty() ? 200 : 400);
}

http::Response customers_page(Account& account, const http::Request& request) {
    std::string said;
    if (request.method == "POST") {
        said = plan(account, form_of(request));
        if (said.empty()) return redirect_to("/customers");
    }
    std::string rows;
    std::size_t shown = 0;
    const auto& ids = account.store().ids("customer");
    for (auto id = ids.rbegin(); id != ids.rend() && shown < rows_max; ++id) {
        const auto* customer = account.find("customer", *id);
        if (!customer) continue;
        ++shown;
        rows += fmt::format(
            "<tr><td><code>{}</code></td><td>{}<br><span class=\"soft\">{}</span></td><td>{}</td>"
            "<td>{}</td><td>{}</td></tr>",
            escape(*id), escape(text(*customer, "name")), escape(text(*customer, "email")),
            date_text(number(*customer, "created")), subscriptions_of(account, *id),
            failure_form(*customer));
    }
    return html_page("Customers",
                     "<h1>Customers</h1>" + error_box(said) + "<section class=\"card\">" +
                         table("Id|Name and e-mail|Since|Subscriptions|Next payment", rows,
                               "None yet: POST /v1/customers makes one.") +
                         "</section>",
                     Width::wide, said.empty() ? 200 : 400);
}

}  // namespace paydesk::sandbox
