#include "sandbox/mail/mail_controls.h"

#include <charconv>

#include "sandbox/stripe/events.h"

namespace paydesk::sandbox {
namespace {

using stripe::Object;
using stripe::text;

constexpr std::int64_t wait_seconds_max = 60;

http::Response answer(int status, const json::value& body) {
    return {.status = status, .body = stripe::pretty_json(body)};
}

http::Response refusal(int status, std::string_view message) {
    return answer(status, Object{
                              {"error", message}
    });
}

std::string query_value(const http::Request& request, std::string_view name) {
    for (const auto& [key, value] : http::parse_form(request.query)) {
        if (key == name && stripe::is_utf8(value)) return value;
    }
    return {};
}

// From 0 to `most`; `fallback` when it is not given, -1 when it is no such number.
std::int64_t number_in(const std::string& given, std::int64_t fallback, std::int64_t most) {
    if (given.empty()) return fallback;
    std::int64_t value = -1;
    const char* end = given.data() + given.size();
    const auto read = std::from_chars(given.data(), end, value);
    return read.ec == std::errc() && read.ptr == end && value >= 0 && value <= most ? value : -1;
}

Object shown(const Object& mail) {
    Object all;
    for (const auto& [key, value] : mail) {
        if (!key.starts_with('_')) all[key] = value;
    }
    all["url"] = "/mailbox/" + text(mail, "id");
    return all;
}

Object whole(const Object& mail) {
    const auto message = message_of(mail);
    Object all = shown(mail);
    json::array headers, attachments, links;
    for (const auto& [name, value] : message.headers) {
        headers.push_back(Object{
            {"name",  name },
            {"value", value}
        });
    }
    for (std::size_t i = 0; i < message.attachments.size(); ++i) {
        const auto& one = message.attachments[i];
        attachments.push_back(Object{
            {"name", stripe::text_or_null(one.name)},
            {"content_type", one.content_type},
            {"content_id", stripe::text_or_null(one.content_id)},
            {"bytes", one.content.size()},
            {"url", "/_sandbox/mails/" + text(mail, "id") + "/attachments/" + std::to_string(i)},
        });
    }
    for (const auto& link : links_of(message)) links.emplace_back(link);
    all["headers"] = std::move(headers);
    all["text"] = stripe::text_or_null(message.text);
    all["html"] = stripe::text_or_null(message.html);
    all["links"] = std::move(links);
    all["attachments"] = std::move(attachments);
    return all;
}

http::Response list(const Mailbox& mailbox, const http::Request& request) {
    const auto limit = number_in(query_value(request, "limit"), 100, mails_max);
    if (limit < 1) return refusal(400, "limit must be a whole number from 1 to 1000");
    json::array data;
    for (const Object* mail :
         mailbox.find(mail_filter_of(request), static_cast<std::size_t>(limit))) {
        data.push_back(shown(*mail));
    }
    return answer(200, Object{
                           {"data",  std::move(data)},
                           {"total", mailbox.size() }
    });
}

Task<http::Response> wait(asio::io_context& io, const Mailbox& mailbox,
                          const http::Request& request) {
    const auto filter = mail_filter_of(request);
    const auto seconds = number_in(query_value(request, "timeout"), 10, wait_seconds_max);
    if (seconds < 0) co_return refusal(400, "timeout must be whole seconds from 0 to 60");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    for (;;) {
        const auto found = mailbox.find(filter, 1);
        if (!found.empty()) co_return answer(200, whole(*found.front()));
        if (std::chrono::steady_clock::now() >= end) break;
        co_await sleep_for(io, std::chrono::milliseconds(20));
    }
    co_return refusal(404, "no such mail came within " + std::to_string(seconds) +
                               " s; there are " + std::to_string(mailbox.size()) + " others");
}

// Latin letters that need no escape in a header's quoted string.
std::string plain_name(const std::string& name) {
    std::string plain;
    for (const char c : name) {
        const bool safe = c > 31 && c < 127 && c != '"' && c != '\\' && c != '/';
        plain += safe ? c : '_';
    }
    return plain;
}

// What the sender called it, if that can stand in a header.
std::string safe_type(const std::string& type) {
    const bool safe =
        type.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/+-._") == std::string::npos;
    return safe && !type.empty() ? type : "application/octet-stream";
}

}  // namespace

MailFilter mail_filter_of(const http::Request& request) {
    return {.to = query_value(request, "to"),
            .subject = query_value(request, "subject"),
            .words = query_value(request, "q"),
            .after = query_value(request, "after")};
}

http::Response raw_response(const Mailbox& mailbox, const std::string& id) {
    const auto* mail = mailbox.get(id);
    if (!mail) return refusal(404, "there is no such mail");
    http::Response response{.content_type = "message/rfc822", .body = raw_of(*mail)};
    response.headers.set("Content-Disposition", "attachment; filename=\"" + id + ".eml\"");
    response.headers.set("X-Content-Type-Options", "nosniff");
    return response;
}

http::Response attachment_response(const Mailbox& mailbox, const std::string& id,
                                   const std::string& index) {
    const auto* mail = mailbox.get(id);
    const auto number = number_in(index, -1, 10'000);
    if (!mail || number < 0) return refusal(404, "there is no such attachment");
    const auto message = message_of(*mail);
    if (static_cast<std::size_t>(number) >= message.attachments.size()) {
        return refusal(404, "there is no such attachment");
    }
    const auto& one = message.attachments[static_cast<std::size_t>(number)];
    const auto name = one.name.empty() ? "attachment-" + index : one.name;
    http::Response response{.content_type = safe_type(one.content_type), .body = one.content};
    response.headers.set("Content-Disposition", "attachment; filename=\"" + plain_name(name) +
                                                    "\"; filename*=UTF-8''" +
                                                    http::percent_encode(name));
    // Whatever is in it: opened in a browser, it runs nothing.
    response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
    response.headers.set("X-Content-Type-Options", "nosniff");
    return response;
}

Task<http::Response> control_mails(asio::io_context& io, Mailbox& mailbox,
                                   const http::Request& request, const std::string& rest) {
    const bool gets = request.method == "GET" || request.method == "HEAD";
    if (!gets && request.method != "DELETE") {
        co_return refusal(405, "mails take GET and DELETE; they are sent by SMTP");
    }
    if (rest.empty()) {
        if (gets) co_return list(mailbox, request);
        co_return answer(200, Object{
                                  {"deleted", mailbox.remove_all(mail_filter_of(request))}
        });
    }
    if (rest == "/wait" && gets) co_return co_await wait(io, mailbox, request);
    const auto slash = std::min(rest.find('/', 1), rest.size());
    const auto id = rest.substr(1, slash - 1);
    const auto what = rest.substr(slash);
    const auto* mail = mailbox.get(id);
    if (!mail) co_return refusal(404, "there is no such mail");
    if (what.empty()) {
        if (gets) co_return answer(200, whole(*mail));
        mailbox.remove(id);
        co_return answer(200, Object{
                                  {"deleted", 1}
        });
    }
    if (what == "/raw" && gets) co_return raw_response(mailbox, id);
    if (what.starts_with("/attachments/") && gets) {
        co_return attachment_response(mailbox, id, what.substr(13));
    }
    co_return refusal(404, "a mail has raw and attachments/N, for GET");
}

}  // namespace paydesk::sandbox
