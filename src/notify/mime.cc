#include "notify/mime.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/crypto.h"

namespace paydesk::notify {

namespace {

constexpr std::size_t address_bytes_max = 254;  // RFC 5321 4.5.3.1.3, less the brackets
constexpr std::size_t line_bytes_max = 76;
constexpr std::size_t encoded_word_bytes = 45;  // base64 of it is 60; with =?UTF-8?B??= 72

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

std::string one_line(std::string_view text) {
    std::string line(text);
    std::ranges::replace_if(line, is_control, ' ');
    return line;
}

// Printable ASCII that no reader could take for an encoded word.
bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; }) &&
           text.find("=?") == text.npos;
}

// How many bytes of `text` from `at` go into an encoded word that begins in `column`: whole characters
// only, and the word ends on its line.
std::size_t word_end(std::string_view text, std::size_t at, std::size_t column) {
    const std::size_t room = (line_bytes_max - column - 12) / 4 * 3;
    std::size_t end = std::min(at + std::min(room, encoded_word_bytes), text.size());
    const auto continues = [&](std::size_t i) {
        return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
    };
    while (end > at + 1 && continues(end)) --end;
    return end;
}

// "Ada" <ada@example.com>
std::string mailbox(const Mailbox& box, std::size_t column) {
    if (box.name.empty()) return box.address;
    const std::string name = one_line(box.name);
    std::string written;
    if (is_plain(name)) {
        written = "\"";
        for (const char c : name) {
            if (c == '"' || c == '\\') written += '\\';
            written += c;
        }
        written += '"';
    } else {
        written = encode_header(name, column);
    }
    const std::string line = written + " <" + box.address + ">";
    return column + line.size() <= line_bytes_max ? line : written + "\r\n <" + box.address + ">";
}

// "Fri, 20 Nov 2026 12:34:56 +0000"
std::string date_of(Instant instant) {
    static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(instant - day)};
    return fmt::format(
        "{}, {:02} {} {} {:02}:{:02}:{:02} +0000", days.at(std::chrono::weekday{day}.c_encoding()),
        static_cast<unsigned>(date.day()), months.at(static_cast<unsigned>(date.month()) - 1),
        static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
        time.seconds().count());
}

std::string base64_lines(std::string_view bytes) {
    const std::string encoded = base64_encode(bytes);
    std::string lines;
    lines.reserve(encoded.size() + encoded.size() / line_bytes_max * 2 + 4);
    for (std::size_t at = 0; at < encoded.size(); at += line_bytes_max)
        lines.append(encoded, at, line_bytes_max).append("\r\n");
    return lines;
}

std::string text_part(std::string_view subtype, std::string_view text) {
    return fmt::format(
        "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: "
        "quoted-printable\r\n\r\n{}",
        subtype, quoted_printable(text));
}

std::string safe_filename(std::string_view name) {
    std::string safe(name);
    for (char& c : safe) {
        const bool fine =
            std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
        if (!fine) c = '-';
    }
    return safe.empty() ? "attachment" : safe;
}

std::string attachment_part(const Attachment& attachment) {
    const std::string name = safe_filename(attachment.filename);
    return fmt::format(
        "Content-Type: {}; name=\"{}\"\r\nContent-Disposition: attachment; "
        "filename=\"{}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        one_line(attachment.content_type), name, name, base64_lines(attachment.bytes));
}

std::string multipart(std::string_view subtype, const std::string& boundary,
                      const std::vector<std::string>& parts) {
    std::string body =
        fmt::format("Content-Type: multipart/{};\r\n boundary=\"{}\"\r\n\r\n", subtype, boundary);
    for (const auto& part : parts) body += "--" + boundary + "\r\n" + part + "\r\n";
    return body + "--" + boundary + "--\r\n";
}

}  // namespace

bool is_mail_address(std::string_view text) {
    if (text.empty() || text.size() > address_bytes_max) return false;
    const auto at = text.find('@');
    if (at == text.npos || at == 0 || at + 1 == text.size()) return false;
    if (text.find('@', at + 1) != text.npos) return false;
    if (text.front() == '-') return false;  // never an option of some mail program
    return std::ranges::none_of(text, [](char c) {
        return is_control(c) || std::string_view(" <>()[]\",;:\\").contains(c);
    });
}

std::string encode_header(std::string_view text, std::size_t column) {
    const std::string line = one_line(text);
    if (is_plain(line) && column + line.size() <= line_bytes_max) return line;
    PD_ASSERT(column <= 40);
    std::string words;
    for (std::size_t at = 0; at < line.size();) {
        const std::size_t end = word_end(line, at, words.empty() ? column : 1);
        if (!words.empty()) words += "\r\n ";
        words += "=?UTF-8?B?" + base64_encode(std::string_view(line).substr(at, end - at)) + "?=";
        at = end;
    }
    return words;
}

std::string quoted_printable(std::string_view text) {
    std::string encoded;
    std::size_t column = 0;
    const auto put = [&](std::string_view piece) {
        if (column + piece.size() > line_bytes_max - 1) {  // room for the soft break's '='
            encoded += "=\r\n";
            column = 0;
        }
        encoded += piece;
        column += piece.size();
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        if (c == '\n') {
            encoded += "\r\n";
            column = 0;
            continue;
        }
        const bool at_end = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
        const bool literal = (c > 0x20 && c < 0x7f && c != '=') || (c == ' ' && !at_end);
        // "From " and "." at the start of a line: some old server on the way might change them.
        const bool delicate = column == 0 && (c == 'F' || c == '.');
        if (literal && !delicate) {
            put(std::string_view(&c, 1));
        } else {
            put(fmt::format("={:02X}", static_cast<unsigned char>(c)));
        }
    }
    if (!encoded.ends_with("\r\n")) encoded += "\r\n";
    return encoded;
}

std::string to_mime(const MailMessage& message) {
    PD_ASSERT(is_mail_address(message.from.address) && is_mail_address(message.to.address));
    PD_ASSERT(message.reply_to.empty() || is_mail_address(message.reply_to));
    // "=_" occurs neither in quoted-printable nor in base64.
    const std::string seed = to_hex(sha256(message.message_id)).substr(0, 24);
    std::string mail;
    const auto header = [&](std::string_view name, std::string_view value) {
        mail += fmt::format("{}: {}\r\n", name, value);
    };
    header("Date", date_of(message.date));
    header("From", mailbox(message.from, 6));
    header("To", mailbox(message.to, 4));
    if (!message.reply_to.empty()) header("Reply-To", message.reply_to);
    header("Subject", encode_header(message.subject, 9));
    header("Message-ID", one_line(message.message_id));
    header("MIME-Version", "1.0");
    // RFC 3834: no machine should answer this one.
    header("Auto-Submitted", "auto-generated");

    const std::string words =
        multipart("alternative", "=_a" + seed,
                  {text_part("plain", message.text), text_part("html", message.html)});
    if (message.attachments.empty()) return mail + words;
    std::vector<std::string> parts{words};
    for (const auto& attachment : message.attachments) parts.push_back(attachment_part(attachment));
    return mail + multipart("mixed", "=_m" + seed, parts);
}

}  // namespace paydesk::notify
