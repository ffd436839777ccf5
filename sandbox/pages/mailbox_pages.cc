#include "sandbox/pages/mailbox_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "sandbox/mail/mail_controls.h"
#include "sandbox/mail/mime_text.h"
#include "sandbox/pages/html.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::flag;
using stripe::number;
using stripe::Object;
using stripe::text;

constexpr std::size_t rows_max = 200;
constexpr std::size_t recipients_shown_max = 12;
constexpr std::size_t source_bytes_shown_max = 200'000;

http::Response missing() {
    return notice_page("No such mail", "It was deleted, or made way for newer ones.", "/mailbox",
                       "To the mailbox", 404);
}

std::string size_text(std::int64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    if (bytes < 1024 * 1024) return fmt::format("{} kB", (bytes + 512) / 1024);
    return fmt::format("{} MB", (bytes + 512 * 1024) / (1024 * 1024));
}

std::string addresses(const Object& mail) {
    std::string all;
    for (const auto& to : children(child(mail, "envelope"), "to")) {
        if (!all.empty()) all += ", ";
        all += std::string_view(to.as_string());
    }
    return all;
}

std::string title_of(const Object& mail) {
    const auto subject = text(mail, "subject");
    return subject.empty() ? "(no subject)" : subject;
}

std::string mailbox_link(std::string_view to) { return "/mailbox?to=" + http::percent_encode(to); }

// One link per recipient, the busiest first.
std::string recipients_section(const Mailbox& mailbox, const MailFilter& filter) {
    std::map<std::string, int> counts;
    for (const Object* mail : mailbox.find({}, mails_max)) {
        for (const auto& to : children(child(*mail, "envelope"), "to")) {
            ++counts[lower_case(to.as_string())];
        }
    }
    if (counts.size() < 2) return {};
    std::vector<std::pair<std::string, int>> order(counts.begin(), counts.end());
    std::ranges::sort(order, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    if (order.size() > recipients_shown_max) order.resize(recipients_shown_max);
    std::string html = "<nav class=\"chips\" aria-label=\"Recipients\">";
    for (const auto& [to, count] : order) {
        html += fmt::format("<a class=\"chip\" href=\"{}\"{}>{} <span class=\"soft\">{}</span></a>",
                            mailbox_link(to),
                            lower_case(filter.to) == to ? " aria-current=\"true\"" : "", escape(to),
                            count);
    }
    return html + "</nav>";
}

std::string search_form(const MailFilter& filter) {
    return fmt::format(
        "<form method=\"get\" action=\"/mailbox\" class=\"filters\" role=\"search\">"
        "<div><label for=\"f-q\">Search</label><input id=\"f-q\" name=\"q\" type=\"search\" "
        "value=\"{}\" maxlength=\"200\" placeholder=\"subject, address or text\"></div>"
        "<div><label for=\"f-to\">Recipient</label><input id=\"f-to\" name=\"to\" value=\"{}\" "
        "maxlength=\"320\" autocomplete=\"off\"></div>"
        "<button type=\"submit\">Show</button>{}</form>",
        escape(filter.words), escape(filter.to),
        filter.words.empty() && filter.to.empty() ? "" : "<a href=\"/mailbox\">Show all</a>");
}

std::string delete_form(const MailFilter& filter, std::size_t shown) {
    const bool all = filter.words.empty() && filter.to.empty();
    return fmt::format(
        "<form method=\"post\" action=\"/mailbox/delete\"><input type=\"hidden\" name=\"q\" "
        "value=\"{}\"><input type=\"hidden\" name=\"to\" value=\"{}\"><button type=\"submit\" "
        "class=\"danger\" data-testid=\"delete-mails\">{}</button></form>",
        escape(filter.words), escape(filter.to),
        all ? std::string("Delete all") : fmt::format("Delete these {}", shown));
}

std::string how_to_send(const Mailbox& mailbox) {
    if (mailbox.url().empty()) {
        return "<p class=\"soft\">No mail can come: the sandbox was started without "
               "<code>--smtp-port</code>.</p>";
    }
    return fmt::format(
        "<p class=\"soft\">Whatever is sent by SMTP to <code>{}</code> ends here and goes nowhere "
        "else. Any user and password is right; no TLS.</p>",
        escape(mailbox.url()));
}

http::Response list_page(const Mailbox& mailbox, const http::Request& request) {
    const auto filter = mail_filter_of(request);
    const auto found = mailbox.find(filter, mails_max);
    std::string rows;
    for (std::size_t i = 0; i < std::min(found.size(), rows_max); ++i) {
        const Object& mail = *found[i];
        const auto count = number(mail, "attachments");
        rows += fmt::format(
            "<tr data-testid=\"mail\"><td data-label=\"When\">{}</td><td data-label=\"Subject\"><a "
            "href=\"/mailbox/{}\">{}</a></td><td data-label=\"To\">{}</td><td "
            "data-label=\"From\">{}</td><td data-label=\"Size\">{}{}</td></tr>",
            short_time(number(mail, "created")), escape(text(mail, "id")), escape(title_of(mail)),
            escape(addresses(mail)),
            escape(text(mail, "from").empty() ? text(child(mail, "envelope"), "from")
                                              : text(mail, "from")),
            size_text(number(mail, "bytes")),
            count > 0 ? fmt::format(", {} attached", count) : std::string());
    }
    const auto count = mailbox.size() == found.size()
                           ? fmt::format("{}", found.size())
                           : fmt::format("{} of {}", found.size(), mailbox.size());
    std::string html = fmt::format(
        "<div class=\"row\"><h1>Mailbox <span class=\"soft\">{}</span></h1>{}</div>{}", count,
        found.empty() ? std::string() : delete_form(filter, found.size()), how_to_send(mailbox));
    html += recipients_section(mailbox, filter) + "<section class=\"card\">" + search_form(filter) +
            data_table("When|Subject|To|From|Size", rows,
                       mailbox.size() == 0 ? "No mail yet." : "No mail is like that.");
    if (found.size() > rows_max)
        html += fmt::format("<p class=\"soft\">The newest {}.</p>", rows_max);
    return html_page("Mailbox", html + "</section>", Width::wide, 200, "/mailbox");
}

// What a mail's HTML may do: look. Its links open in a new tab.
http::Response frame(const Object& mail) {
    const auto message = message_of(mail);
    std::string html = message.html;
    for (std::size_t i = 0; i < message.attachments.size(); ++i) {
        if (message.attachments[i].content_id.empty()) continue;
        const auto named = "cid:" + message.attachments[i].content_id;
        const auto url = fmt::format("/mailbox/{}/attachments/{}", text(mail, "id"), i);
        for (auto at = html.find(named); at != std::string::npos;
             at = html.find(named, at + url.size())) {
            html.replace(at, named.size(), url);
        }
    }
    // Behind the doctype, which must stay first, and the head's tag.
    const auto lower = lower_case(html.substr(0, 4096));
    auto at = lower.find("<head");
    if (at == std::string::npos) at = lower.find("<html");
    if (at == std::string::npos) at = lower.find("<!doctype");
    at = at == std::string::npos ? at : html.find('>', at);
    html.insert(at == std::string::npos ? 0 : at + 1, "<base target=\"_blank\">");
    http::Response response{.content_type = "text/html; charset=utf-8", .body = std::move(html)};
    response.headers.set("Content-Security-Policy",
                         "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
                         "img-src 'self' data:; style-src 'unsafe-inline'; font-src data:; "
                         "form-action 'none'; frame-ancestors 'self'");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Referrer-Policy", "no-referrer");
    response.headers.set("Cache-Control", "no-store");
    return response;
}

struct View {
    std::string_view name, label;
};
constexpr std::array views = {
    View{"html",    "HTML"      },
    View{"phone",   "On a phone"},
    View{"text",    "Text"      },
    View{"headers", "Headers"   },
    View{"source",  "Source"    }
};

std::string tabs(const Object& mail, const Message& message, std::string_view chosen) {
    std::string html = "<nav class=\"tabs\" aria-label=\"Views of this mail\">";
    for (const auto& view : views) {
        const bool of_html = view.name == "html" || view.name == "phone";
        if ((of_html && message.html.empty()) || (view.name == "text" && message.text.empty()))
            continue;
        html += fmt::format("<a href=\"/mailbox/{}?view={}\"{}>{}</a>", text(mail, "id"), view.name,
                            view.name == chosen ? " aria-current=\"page\"" : "", view.label);
    }
    return html + "</nav>";
}

std::string view_of(const Object& mail, const Message& message, std::string_view view) {
    const auto id = text(mail, "id");
    if (view == "html" || view == "phone") {
        return fmt::format(
            "<iframe class=\"mail{}\" title=\"The mail's HTML\" data-testid=\"mail-html\" "
            "sandbox=\"allow-popups allow-popups-to-escape-sandbox\" src=\"/mailbox/{}/html\">"
            "</iframe><p class=\"soft\">Scripts do not run and images from elsewhere are not "
            "loaded.</p>",
            view == "phone" ? " phone" : "", id);
    }
    if (view == "text") {
        return "<pre class=\"wrap\" data-testid=\"mail-text\">" + escape(message.text) + "</pre>";
    }
    if (view == "headers") {
        std::string rows;
        for (const auto& [name, value] : message.headers) {
            rows += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"break\">{}</td></tr>",
                                escape(name), escape(value));
        }
        return "<table>" + rows + "</table>";
    }
    const auto raw = raw_of(mail);
    return fmt::format(
        "<p><a href=\"/mailbox/{}/raw\">Download ({})</a></p><pre class=\"wrap\">{}{}</pre>", id,
        size_text(number(mail, "bytes")),
        escape(to_utf8(raw.substr(0, source_bytes_shown_max), "")),
        raw.size() > source_bytes_shown_max ? "\n..." : "");
}

std::string attachments_section(const Object& mail, const Message& message) {
    if (message.attachments.empty()) return {};
    std::string items;
    for (std::size_t i = 0; i < message.attachments.size(); ++i) {
        const auto& one = message.attachments[i];
        items += fmt::format(
            "<li><a href=\"/mailbox/{}/attachments/{}\" data-testid=\"attachment\">{}</a> <span "
            "class=\"soft\">{}, {}</span></li>",
            text(mail, "id"), i,
            escape(one.name.empty() ? fmt::format("attachment {}", i + 1) : one.name),
            escape(one.content_type), size_text(static_cast<std::int64_t>(one.content.size())));
    }
    return "<section class=\"card\"><h2>Attachments</h2><ul class=\"lines\">" + items +
           "</ul></section>";
}

http::Response mail_page(const Object& mail, std::string_view wanted) {
    const auto message = message_of(mail);
    const bool known = std::ranges::find(views, wanted, &View::name) != views.end();
    const bool has_html = !message.html.empty();
    std::string_view view = known ? wanted : has_html ? "html" : "text";
    if (!has_html && (view == "html" || view == "phone")) view = "text";
    if (message.text.empty() && view == "text") view = has_html ? "html" : "source";
    const auto row = [](std::string_view name, const std::string& value) {
        if (value.empty()) return std::string();
        return fmt::format("<dt>{}</dt><dd>{}</dd>", name, escape(value));
    };
    const auto id = text(mail, "id");
    const auto user = text(child(mail, "envelope"), "user");
    auto page = html_page(
        title_of(mail),
        fmt::format("<p><a href=\"/mailbox\">← Mailbox</a></p><div class=\"row\"><h1 "
                    "data-testid=\"mail-subject\">{}</h1><form method=\"post\" "
                    "action=\"/mailbox/{}/delete\">"
                    "<button type=\"submit\" class=\"danger\">Delete</button></form></div>"
                    "<section class=\"card\"><dl class=\"facts\">{}{}{}{}{}{}{}</dl></section>{}"
                    "<section class=\"card\">{}{}</section>",
                    escape(title_of(mail)), id, row("From", message.header("From")),
                    row("To", message.header("To")), row("Cc", message.header("Cc")),
                    row("Reply to", message.header("Reply-To")),
                    row("Delivered to", addresses(mail)), row("Signed in as", user),
                    row("When", time_text(number(mail, "created"))),
                    attachments_section(mail, message), tabs(mail, message, view),
                    view_of(mail, message, view)),
        Width::wide, 200, "/mailbox");
    page.headers.set("Content-Security-Policy", own_pages_policy + "; frame-src 'self'");
    return page;
}

}  // namespace

http::Response mailbox_page(Mailbox& mailbox, const http::Request& request,
                            const std::string& rest) {
    const bool posts = request.method == "POST";
    if (rest.empty() && !posts) return list_page(mailbox, request);
    if (rest == "/delete" && posts) {
        const auto form = form_of(request);
        mailbox.remove_all(
            {.to = field(form, "to"), .subject = {}, .words = field(form, "q"), .after = {}});
        return redirect_to("/mailbox");
    }
    if (rest.empty()) return missing();
    const auto slash = std::min(rest.find('/', 1), rest.size());
    const auto id = rest.substr(1, slash - 1);
    const auto what = rest.substr(slash);
    const auto* mail = mailbox.get(id);
    if (!mail) return missing();
    if (posts) {
        if (what != "/delete") return missing();
        mailbox.remove(id);
        return redirect_to("/mailbox");
    }
    if (what.empty()) return mail_page(*mail, query_value(request, "view"));
    if (what == "/html") return frame(*mail);
    if (what == "/raw") return raw_response(mailbox, id);
    if (what.starts_with("/attachments/")) return attachment_response(mailbox, id, what.substr(13));
    return missing();
}

}  // namespace paydesk::sandbox
