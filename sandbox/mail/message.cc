#include "sandbox/mail/message.h"

#include <algorithm>

#include "http/message.h"
#include "sandbox/mail/mime_text.h"

namespace paydesk::sandbox {
namespace {

constexpr int depth_max = 20;
constexpr std::size_t parts_max = 500;
constexpr std::size_t headers_max = 1000;
constexpr std::size_t links_max = 200;

using Headers = std::vector<std::pair<std::string, std::string>>;

// Takes a line off the head of `rest`, without its end.
std::string_view take_line(std::string_view& rest) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

bool is_header(std::string_view line) {
    const auto colon = line.find(':');
    return colon != std::string_view::npos && colon > 0 &&
           std::ranges::all_of(line.substr(0, colon), [](char c) {
               return c > ' ' && static_cast<unsigned char>(c) < 127;
           });
}

// Takes the headers off the head of `rest`, unfolded; their values are not decoded yet.
Headers take_headers(std::string_view& rest) {
    Headers headers;
    while (!rest.empty()) {
        auto after = rest;
        const auto line = take_line(after);
        const bool folded = line.starts_with(' ') || line.starts_with('\t');
        if (!line.empty() && !is_header(line) && !(folded && !headers.empty())) break;
        rest = after;
        if (line.empty()) break;
        if (folded) {
            headers.back().second += line;
        } else if (headers.size() < headers_max) {
            const auto colon = line.find(':');
            auto value = line.substr(colon + 1);
            while (value.starts_with(' ')) value.remove_prefix(1);
            headers.emplace_back(line.substr(0, colon), value);
        }
    }
    return headers;
}

std::string raw_header(const Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (http::equal_ignoring_case(key, name)) return value;
    }
    return {};
}

// The parts between the lines "--boundary"; the line's end before a boundary belongs to it.
std::vector<std::string_view> parts_of(std::string_view body, const std::string& boundary) {
    std::vector<std::string_view> parts;
    const std::string line_start = "--" + boundary;
    const char* begin = nullptr;
    const char* line_end = body.data();
    for (auto rest = body; !rest.empty() && parts.size() < parts_max;) {
        const char* line_begin = rest.data();
        auto line = take_line(rest);
        while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
        const bool last = line == line_start + "--";
        if (last || line == line_start) {
            if (begin)
                parts.emplace_back(begin,
                                   static_cast<std::size_t>(std::max(line_end, begin) - begin));
            begin = last ? nullptr : rest.data();
            if (last) return parts;
        }
        // Where the part ends if the next line is a boundary: before this line's end.
        line_end = rest.data();
        if (line_end > line_begin && line_end[-1] == '\n') --line_end;
        if (line_end > line_begin && line_end[-1] == '\r') --line_end;
    }
    // Cut short: the last part has no boundary after it.
    if (begin)
        parts.emplace_back(begin, static_cast<std::size_t>(body.data() + body.size() - begin));
    return parts;
}

std::string with_plain_line_ends(std::string text) {
    std::erase(text, '\r');
    return text;
}

struct Part {
    ParameterField type, disposition;
    std::string content_id, content;
};

void place(Message& message, Part part) {
    auto name = part.disposition.parameter("filename");
    if (name.empty()) name = part.type.parameter("name");
    const bool attached = part.disposition.value == "attachment" || !name.empty();
    if (!attached && (part.type.value == "text/plain" || part.type.value == "text/html")) {
        auto& body = part.type.value == "text/plain" ? message.text : message.html;
        if (!body.empty()) body += '\n';
        body += with_plain_line_ends(to_utf8(part.content, part.type.parameter("charset")));
        return;
    }
    if (name.empty() && part.type.value == "message/rfc822") name = "message.eml";
    message.attachments.push_back(
        {std::move(name), part.type.value, std::move(part.content_id), std::move(part.content)});
}

void read_part(Message& message, const Headers& headers, std::string_view body, int depth) {
    auto type = parameter_field(raw_header(headers, "Content-Type"));
    if (type.value.find('/') == std::string::npos) type.value = "text/plain";
    const auto boundary = type.parameter("boundary");
    if (type.value.starts_with("multipart/") && !boundary.empty() && depth < depth_max) {
        for (auto part : parts_of(body, boundary)) {
            if (message.attachments.size() >= parts_max) return;
            const auto inner = take_headers(part);
            read_part(message, inner, part, depth + 1);
        }
        return;
    }
    const auto encoding = parameter_field(raw_header(headers, "Content-Transfer-Encoding")).value;
    auto id = raw_header(headers, "Content-ID");
    std::erase_if(id, [](char c) { return c == '<' || c == '>' || c == ' '; });
    place(message, {.type = std::move(type),
                    .disposition = parameter_field(raw_header(headers, "Content-Disposition")),
                    .content_id = to_utf8(id, ""),
                    .content = encoding == "base64"             ? from_base64(body)
                               : encoding == "quoted-printable" ? from_quoted_printable(body)
                                                                : std::string(body)});
}

bool ends_link(char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' ||
           c == '`' || c == '\\';
}

}  // namespace

std::string Message::header(std::string_view name) const { return raw_header(headers, name); }

Message parse_message(std::string_view raw) {
    Message message;
    auto body = raw;
    const auto headers = take_headers(body);
    for (const auto& [name, value] : headers) {
        message.headers.emplace_back(name, decoded_words(value));
    }
    read_part(message, headers, body, 0);
    return message;
}

std::vector<std::string> links_of(const Message& message) {
    std::vector<std::string> links;
    for (const std::string* body : {&message.html, &message.text}) {
        const bool html = body == &message.html;
        for (std::size_t at = body->find("http"); at != std::string::npos;
             at = body->find("http", at + 4)) {
            const auto rest = std::string_view(*body).substr(at);
            if (!rest.starts_with("http://") && !rest.starts_with("https://")) continue;
            auto link = std::string(rest.substr(
                0, static_cast<std::size_t>(std::ranges::find_if(rest, ends_link) - rest.begin())));
            // A full stop or bracket after a link in a sentence is not of the link.
            while (!html &&
                   (std::string_view(".,;:!?)]}").find(link.back()) != std::string_view::npos)) {
                link.pop_back();
            }
            for (auto amp = link.find("&amp;"); html && amp != std::string::npos;
                 amp = link.find("&amp;", amp + 1)) {
                link.replace(amp, 5, "&");
            }
            if (links.size() < links_max && std::ranges::find(links, link) == links.end()) {
                links.push_back(std::move(link));
            }
        }
    }
    return links;
}

std::string words_of_html(std::string_view html) {
    std::string words;
    bool tag = false;
    for (std::size_t i = 0; i < html.size(); ++i) {
        for (const std::string_view silent : {"style", "script"}) {
            if (html[i] != '<' || lower_case(html.substr(i + 1, silent.size())) != silent) continue;
            const auto end = lower_case(html.substr(i)).find("</" + std::string(silent));
            i = end == std::string::npos ? html.size() - 1 : i + end;
        }
        if (html[i] == '<') tag = true;
        if (!tag) words += html[i];
        if (html[i] == '>' && tag) {
            tag = false;
            if (!words.ends_with(' ')) words += ' ';
        }
    }
    return words;
}

}  // namespace paydesk::sandbox
