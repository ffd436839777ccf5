#include "sandbox/pages/paypal_console.h"

#include <fmt/format.h>

#include <cctype>

#include "sandbox/pages/console.h"
#include "sandbox/pages/html.h"
#include "sandbox/paypal/orders.h"
#include "sandbox/paypal/subscriptions.h"
#include "sandbox/stripe/events.h"

namespace paydesk::sandbox {
namespace {

constexpr std::size_t rows_max = 50;

// A row for each of the newest objects of a kind.
template <class Row>
std::string newest_rows(const paypal::Account& account, std::string_view kind, Row row) {
    std::string rows;
    const auto& ids = account.store().ids(kind);
    std::size_t shown = 0;
    for (auto id = ids.rbegin(); id != ids.rend() && shown < rows_max; ++id, ++shown) {
        rows += row(*account.store().find(*id));
    }
    return rows;
}

// PayPal writes its states in capitals.
std::string paypal_badge(const std::string& status) {
    std::string lower = status;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return status_badge(lower, status);
}

// "delivered, pending": how the event's deliveries fare.
std::string deliveries_of(const paypal::Account& account, const std::string& event) {
    std::string said;
    for (const auto& id : account.store().ids(paypal::kind::delivery)) {
        const Object& delivery = *account.store().find(id);
        if (text(delivery, "event") == event) said += status_badge(text(delivery, "status")) + " ";
    }
    return said.empty() ? "<span class=\"soft\">nobody listens</span>" : said;
}

std::string event_row(const paypal::Account& account, const Object& event) {
    const auto id = text(event, "id");
    const Object& resource = child(event, "resource");
    const auto about = text(resource, "id");
    return fmt::format(
        "<tr><td data-label=\"When\">{}</td><td data-label=\"Type\"><a href=\"/paypal/events/{}\" "
        "data-testid=\"paypal-event\">{}</a></td><td data-label=\"About\"><code>{}</code></td><td "
        "data-label=\"Deliveries\"><span>{}</span></td></tr>",
        short_time(number(event, "_created")), escape(id), escape(text(event, "event_type")),
        escape(about.empty() ? text(resource, "dispute_id") : about), deliveries_of(account, id));
}

std::string subscription_row(const paypal::Account& account, const Object& subscription) {
    const auto shown = paypal::shown_subscription(account, subscription);
    const Object& info = child(shown, "billing_info");
    const Object& owed = child(info, "outstanding_balance");
    const auto next = text(info, "next_billing_time");
    return fmt::format(
        "<tr><td data-label=\"Id\"><code>{}</code></td><td data-label=\"Status\">{}</td><td "
        "data-label=\"Plan\">{}</td><td data-label=\"Next payment\">{}</td><td "
        "data-label=\"Outstanding\">{} {}</td><td data-label=\"custom_id\">{}</td></tr>",
        escape(text(shown, "id")), paypal_badge(text(shown, "status")),
        escape(text(paypal::plan_of(account, subscription), "name")),
        next.empty() ? "" : date_text(paypal::time_of(next)), escape(text(owed, "value")),
        escape(text(owed, "currency_code")), escape(text(shown, "custom_id")));
}

std::string order_row(const Object& order) {
    const auto total = paypal::total_of(order);
    return fmt::format(
        "<tr><td data-label=\"Id\"><code>{}</code></td><td data-label=\"Status\">{}</td><td "
        "data-label=\"Amount\">{} {}</td><td data-label=\"Made\">{}</td></tr>",
        escape(text(order, "id")), paypal_badge(text(order, "status")),
        escape(paypal::value_text(total)), escape(total.currency),
        short_time(number(order, "_created")));
}

std::string section(std::string_view title, const std::string& table) {
    return "<section class=\"card\"><h2>" + std::string(title) + "</h2>" + table + "</section>";
}

}  // namespace

http::Response paypal_index_page(const paypal::Account& account) {
    using namespace paypal;
    const auto events = newest_rows(account, kind::event,
                                    [&](const Object& event) { return event_row(account, event); });
    const auto subscriptions = newest_rows(account, kind::subscription, [&](const Object& one) {
        return subscription_row(account, one);
    });
    const auto orders = newest_rows(account, kind::order, order_row);
    return html_page(
        "PayPal",
        fmt::format("<h1>PayPal</h1><p class=\"soft\">An offline PayPal. API: <code>{}</code>. Its "
                    "clock says <a href=\"/clock\">{}</a>.</p>",
                    escape(account.url("")), sandbox::time_text(account.now())) +
            section("Events",
                    data_table("When|Type|About|Deliveries", events, "Nothing happened yet.")) +
            section("Subscriptions", data_table("Id|Status|Plan|Next payment|Outstanding|custom_id",
                                                subscriptions, "None yet.")) +
            section("Orders", data_table("Id|Status|Amount|Made", orders, "None yet.")),
        Width::wide, 200, "/paypal");
}

http::Response paypal_event_page(const paypal::Account& account, const std::string& id) {
    const auto* event = account.find(paypal::kind::event, id);
    if (!event) {
        return notice_page("No such event", "It was made by another sandbox.", "/paypal", "Back",
                           404);
    }
    std::string rows;
    for (const auto& delivery_id : account.store().ids(paypal::kind::delivery)) {
        const Object& delivery = *account.store().find(delivery_id);
        if (text(delivery, "event") != id) continue;
        for (const json::value& value : children(delivery, "attempts")) {
            const Object& attempt = value.get_object();
            rows += fmt::format(
                "<tr><td data-label=\"When\">{}</td><td data-label=\"URL\"><code>{}</code></td><td "
                "data-label=\"Answered\">{}</td><td data-label=\"Error\">{}</td></tr>",
                short_time(number(attempt, "at")), escape(text(delivery, "url")),
                number(attempt, "status"), escape(text(attempt, "error")));
        }
    }
    return html_page(
        text(*event, "event_type"),
        fmt::format(
            "<p><a href=\"/paypal\">← PayPal</a></p><h1>{}</h1>{}{}",
            escape(text(*event, "event_type")),
            section("Attempts", data_table("When|URL|Answered|Error", rows, "None yet.")),
            section("Payload", "<pre data-testid=\"payload\">" +
                                   escape(stripe::pretty_json(paypal::shown(*event))) + "</pre>")),
        Width::wide, 200, "/paypal");
}

}  // namespace paydesk::sandbox
