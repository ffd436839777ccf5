#include "sandbox/pages/html.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/money.h"
#include "sandbox/stripe/bank_accounts.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::number;
using stripe::Object;
using stripe::text;

std::int64_t digits_in(std::string_view text_value) {
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(text_value.data(), text_value.data() + text_value.size(), value);
    return error == std::errc() && end == text_value.data() + text_value.size() ? value : -1;
}

std::string grouped(std::string_view card_number) {
    std::string shown;
    for (std::size_t i = 0; i < card_number.size(); ++i) {
        if (i > 0 && i % 4 == 0) shown += ' ';
        shown += card_number[i];
    }
    return shown;
}

std::string brand_name(const std::string& brand) {
    if (brand == "visa") return "Visa";
    if (brand == "mastercard") return "Mastercard";
    if (brand == "amex") return "American Express";
    if (brand == "discover") return "Discover";
    if (brand == "diners") return "Diners Club";
    if (brand == "jcb") return "JCB";
    if (brand == "unionpay") return "UnionPay";
    return brand;
}

}  // namespace

std::string escape(std::string_view text_value) {
    std::string safe;
    safe.reserve(text_value.size());
    for (const char c : text_value) {
        switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

std::string money_text(std::int64_t amount, const std::string& currency) {
    const auto known = Currency::parse(currency);
    return known ? Money(amount, *known).format() : fmt::format("{} {}", amount, currency);
}

std::string date_text(std::int64_t at) {
    static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(from_unix(at))};
    return fmt::format("{} {} {}", static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()));
}

std::string time_text(std::int64_t at) {
    const auto second = at % 86400;
    return fmt::format("{}, {:02}:{:02}:{:02} UTC", date_text(at), second / 3600, second / 60 % 60,
                       second % 60);
}

std::string short_time(std::int64_t at) {
    const auto date = date_text(at);
    const auto second = at % 86400;
    return fmt::format("<time title=\"{}\">{}, {:02}:{:02}:{:02}</time>", time_text(at),
                       date.substr(0, date.rfind(' ')), second / 3600, second / 60 % 60,
                       second % 60);
}

std::string card_text(const Object& method) {
    const auto type = text(method, "type");
    if (stripe::is_debit(type)) {
        return std::string(stripe::name_of_debit(type)) + " •••• " +
               text(child(method, type), "last4");
    }
    const Object& card = child(method, "card");
    return brand_name(text(card, "brand")) + " •••• " + text(card, "last4");
}

std::string interval_text(const Object& price) {
    const Object& recurring = child(price, "recurring");
    if (recurring.empty()) return {};
    const auto count = number(recurring, "interval_count", 1);
    return count == 1 ? "per " + text(recurring, "interval")
                      : fmt::format("every {} {}s", count, text(recurring, "interval"));
}

std::string safe_url(std::string_view url) {
    const bool web = url.starts_with("http://") || url.starts_with("https://") ||
                     (url.starts_with('/') && !url.starts_with("//"));
    return web ? std::string(url) : std::string();
}

const std::string own_pages_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'";

// The sandbox's own pages have it; what a customer would see at Stripe has not.
std::string navigation(std::string_view section) {
    static constexpr std::pair<std::string_view, std::string_view> pages[] = {
        {"/",           "Events"    },
        {"/deliveries", "Deliveries"},
        {"/customers",  "Customers" },
        {"/paypal",     "PayPal"    },
        {"/mailbox",    "Mailbox"   },
        {"/clock",      "Clock"     },
        {"/faults",     "Faults"    },
        {"/test-cards", "Test cards"}
    };
    std::string html = "<nav class=\"top\" aria-label=\"Sandbox\">";
    for (const auto& [path, label] : pages) {
        html += fmt::format("<a href=\"{}\"{}>{}</a>", path,
                            path == section ? " aria-current=\"page\"" : "", label);
    }
    return html + "</nav>\n";
}

http::Response html_page(std::string_view title, std::string_view body, Width width, int status,
                         std::string_view section) {
    const std::string_view classes[] = {"narrow", "split", "wide"};
    http::Response response{.status = status, .content_type = "text/html; charset=utf-8"};
    response.body = fmt::format(
        R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{} · Paydesk sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/sandbox.css">
<script src="/assets/sandbox.js" defer></script>
</head>
<body class="{}">
{}<p class="ribbon">Test mode. No money moves here.</p>
{}<main id="main">{}</main>
<footer>Paydesk sandbox, an offline Stripe and PayPal · <a href="/">Events</a> · <a href="/test-cards">Test cards</a></footer>
</body>
</html>
)",
        escape(title), classes[static_cast<std::size_t>(width)],
        width == Width::wide ? "<a class=\"skip\" href=\"#main\">To the content</a>\n" : "",
        width == Width::wide ? navigation(section) : "", body);
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("Content-Security-Policy", own_pages_policy);
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Referrer-Policy", "no-referrer");
    return response;
}

std::string data_table(std::string_view heads, const std::string& rows, std::string_view empty) {
    if (rows.empty()) return "<p class=\"soft empty\">" + std::string(empty) + "</p>";
    std::string head;
    for (std::size_t at = 0; at <= heads.size();) {
        const auto bar = std::min(heads.find('|', at), heads.size());
        head += "<th scope=\"col\">" + std::string(heads.substr(at, bar - at)) + "</th>";
        at = bar + 1;
    }
    return "<div class=\"scroll\"><table class=\"data\"><thead><tr>" + head +
           "</tr></thead><tbody>" + rows + "</tbody></table></div>";
}

std::string query_value(const http::Request& request, std::string_view name) {
    for (auto& [key, value] : http::parse_form(request.query)) {
        if (key == name && value.size() <= 1000 && stripe::is_utf8(value)) return value;
    }
    return {};
}

http::Response redirect_to(const std::string& url) {
    http::Response response{.status = 303, .content_type = "text/plain; charset=utf-8"};
    response.headers.set("Location", url);
    response.headers.set("Cache-Control", "no-store");
    return response;
}

http::Response notice_page(std::string_view title, std::string_view said, std::string_view url,
                           std::string_view link, int status) {
    std::string body =
        fmt::format("<section class=\"card\"><h1>{}</h1><p>{}</p>", escape(title), escape(said));
    const auto target = safe_url(url);
    if (!target.empty()) {
        body +=
            fmt::format("<p><a class=\"button\" data-testid=\"notice-link\" href=\"{}\">{}</a></p>",
                        escape(target), escape(link));
    }
    return html_page(title, body + "</section>", Width::narrow, status);
}

std::string card_fields(const std::string& name) {
    return fmt::format(
        R"(<label for="card-number">Card number</label>
<input id="card-number" name="card_number" data-testid="card-number" inputmode="numeric"
 autocomplete="cc-number" placeholder="4242 4242 4242 4242" maxlength="24" required>
<div class="pair">
<div><label for="card-exp">Expires (MM / YY)</label>
<input id="card-exp" name="card_exp" data-testid="card-exp" inputmode="numeric"
 autocomplete="cc-exp" placeholder="12 / 34" maxlength="9" required></div>
<div><label for="card-cvc">Security code</label>
<input id="card-cvc" name="card_cvc" data-testid="card-cvc" inputmode="numeric"
 autocomplete="cc-csc" placeholder="123" maxlength="4" required></div>
</div>
<label for="card-name">Name on card</label>
<input id="card-name" name="card_name" data-testid="card-name" autocomplete="cc-name"
 maxlength="200" value="{}">
)",
        escape(name));
}

std::string card_hints() {
    std::string hints =
        "<details class=\"hints\" open><summary>Test cards (any future date, any "
        "code)</summary><ul>";
    std::size_t shown = 0;
    for (const auto& card : stripe::test_cards()) {
        if (shown++ == 5) break;
        hints += fmt::format(
            "<li><button type=\"button\" class=\"hint\" data-card=\"{}\">{}</button> {}</li>",
            card.number, grouped(card.number), escape(card.says));
    }
    return hints + "</ul><p><a href=\"/test-cards\">All test cards</a></p></details>";
}

std::string error_box(std::string_view message) {
    if (message.empty()) return {};
    return fmt::format("<p class=\"error\" role=\"alert\" data-testid=\"card-error\">{}</p>",
                       escape(message));
}

Form form_of(const http::Request& request) {
    Form form;
    for (auto& [key, value] : http::parse_form(request.body)) {
        if (value.size() <= 1000 && stripe::is_utf8(value)) form[key] = value;
    }
    return form;
}

std::string field(const Form& form, std::string_view name) {
    const auto found = form.find(name);
    return found == form.end() ? std::string() : found->second;
}

std::int64_t whole_field(const Form& form, std::string_view name) {
    const auto said = field(form, name);
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(said.data(), said.data() + said.size(), value);
    return error == std::errc() && end == said.data() + said.size() && value >= 0 ? value : -1;
}

stripe::CardDetails card_details(const Form& form) {
    stripe::CardDetails details;
    details.number = field(form, "card_number");
    details.cvc = field(form, "card_cvc");
    details.name = field(form, "card_name");
    details.email = field(form, "email");
    std::string expiry;
    for (const char c : field(form, "card_exp")) {
        if ((c >= '0' && c <= '9') || c == '/') expiry += c;
    }
    const auto slash = expiry.find('/');
    const std::string month =
        slash == std::string::npos ? expiry.substr(0, 2) : expiry.substr(0, slash);
    const std::string year = slash == std::string::npos
                                 ? (expiry.size() > 2 ? expiry.substr(2) : "")
                                 : expiry.substr(slash + 1);
    details.exp_month = std::max<std::int64_t>(digits_in(month), 0);
    details.exp_year = digits_in(year);
    return details;
}

}  // namespace paydesk::sandbox
