#include "sandbox/mail/smtp_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/crypto.h"
#include "base/error.h"
#include "sandbox/mail/mime_text.h"

namespace paydesk::sandbox {
namespace {

using stripe::number;
using stripe::text;

constexpr std::size_t command_bytes_max = 2048;
constexpr std::size_t auth_bytes_max = 12'288;  // RFC 4954 4
constexpr std::size_t text_line_bytes_max = 998;
constexpr std::size_t recipients_max = 100;
constexpr std::size_t address_bytes_max = 320;
constexpr int wrong_max = 20;

std::string_view trimmed(std::string_view text_value) {
    while (text_value.starts_with(' ')) text_value.remove_prefix(1);
    while (text_value.ends_with(' ')) text_value.remove_suffix(1);
    return text_value;
}

// Takes "<ada@example.com>" off the head of `rest`; nothing when it is malformed.
std::optional<std::string> take_path(std::string_view& rest) {
    rest = trimmed(rest);
    if (!rest.starts_with('<')) return std::nullopt;
    bool quoted = false;
    std::size_t end = 1;
    for (; end < rest.size() && (quoted || rest[end] != '>'); ++end) {
        if (static_cast<unsigned char>(rest[end]) < ' ' || rest[end] == 0x7f) return std::nullopt;
        if (quoted && rest[end] == '\\')
            ++end;
        else if (rest[end] == '"')
            quoted = !quoted;
        else if (!quoted && (rest[end] == ' ' || rest[end] == '<'))
            return std::nullopt;
    }
    if (end >= rest.size()) return std::nullopt;
    std::string path(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
    // "@relay:ada@example.com": a route, which RFC 5321 wants to be left out of account.
    if (path.starts_with('@') && path.find(':') != std::string::npos) {
        path.erase(0, path.find(':') + 1);
    }
    return path;
}

bool is_ascii(std::string_view text_value) {
    return std::ranges::all_of(text_value,
                               [](char c) { return static_cast<unsigned char>(c) < 128; });
}

// "" when it can be one; otherwise what is wrong.
std::string_view fault_of_address(const std::string& address, bool utf8) {
    const auto at = address.rfind('@');
    if (at == std::string::npos || at == 0 || at + 1 == address.size()) {
        return "5.1.3 An address is name@domain";
    }
    if (address.size() > address_bytes_max) return "5.1.3 This address is too long";
    if (!stripe::is_utf8(address)) return "5.6.7 This address is not UTF-8";
    if (!utf8 && !is_ascii(address)) return "5.6.7 This address needs SMTPUTF8 after MAIL FROM";
    return {};
}

}  // namespace

std::string SmtpSession::greeting() {
    return "220 paydesk-sandbox ESMTP: mails go to the mailbox and nowhere else\r\n";
}

SmtpSession::Turn SmtpSession::take(std::string_view bytes) {
    turn_ = {};
    while (!bytes.empty() && turn_.then == Turn::Then::read_on) {
        const auto end = bytes.find('\n');
        const bool whole = end != std::string_view::npos;
        const auto piece = bytes.substr(0, whole ? end : bytes.size());
        bytes.remove_prefix(whole ? end + 1 : bytes.size());
        if (buffer_.size() + piece.size() > auth_bytes_max)
            overlong_ = true;  // the rest of the line is thrown away
        else if (!overlong_)
            buffer_ += piece;
        const bool crlf = piece.empty() ? ends_in_cr_ : piece.ends_with('\r');
        ends_in_cr_ = crlf && !whole;
        if (!whole) continue;
        std::string taken = std::exchange(buffer_, {});
        if (taken.ends_with('\r')) taken.pop_back();
        turn_.got_line = true;
        line(taken, std::exchange(overlong_, false), crlf);
    }
    return std::exchange(turn_, {});
}

void SmtpSession::line(std::string_view line, bool overlong, bool crlf) {
    if (state_ == State::data) return data_line(line, overlong, crlf);
    if (overlong || (state_ == State::command && line.size() > command_bytes_max)) {
        state_ = State::command;
        return wrong("500 5.5.6 This line is too long");
    }
    if (state_ != State::command) return credentials(line);
    command(line);
}

void SmtpSession::command(std::string_view line) {
    const auto blank = std::min(line.find(' '), line.size());
    const auto verb = lower_case(line.substr(0, blank));
    const auto argument = trimmed(line.substr(std::min(blank + 1, line.size())));
    if (verb == "ehlo" || verb == "helo") {
        if (argument.empty()) return wrong("501 5.5.4 Say who you are: EHLO name");
        greeted_ = true;
        reset_mail();
        if (verb == "helo") return say("250 paydesk-sandbox");
        return say(
            fmt::format("250-paydesk-sandbox\r\n250-PIPELINING\r\n250-SIZE {}\r\n"
                        "250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n"
                        "250 AUTH PLAIN LOGIN",
                        mail_bytes_max));
    }
    if (verb == "mail") return mail(argument);
    if (verb == "rcpt") return rcpt(argument);
    if (verb == "auth") return auth(argument);
    if (verb == "data") {
        if (!has_sender_) return wrong("503 5.5.1 First MAIL FROM, then RCPT TO, then DATA");
        if (envelope_.to.empty()) return wrong("554 5.5.1 There is no valid recipient");
        state_ = State::data;
        data_.clear();
        refusal_.clear();
        lines_ = 0;
        after_crlf_ = true;
        return say("354 End with a line that holds a full stop alone");
    }
    if (verb == "rset") {
        reset_mail();
        return say("250 2.0.0 Forgotten");
    }
    if (verb == "noop") return say("250 2.0.0 Still here");
    if (verb == "vrfy") return say("252 2.1.5 Try it: every address is taken");
    if (verb == "help") return say("214 2.0.0 EHLO AUTH MAIL RCPT DATA RSET NOOP VRFY QUIT");
    if (verb == "quit") {
        say("221 2.0.0 Goodbye");
        turn_.then = Turn::Then::close;
        return;
    }
    if (verb == "starttls") return wrong("502 5.5.1 There is no TLS here: it is this machine");
    // A page in a browser may send a form here, with SMTP in its body: it gets no further.
    if (verb == "get" || verb == "post" || verb == "put" || verb == "options" || verb == "head") {
        say("421 4.7.0 This is SMTP, not HTTP");
        turn_.then = Turn::Then::close;
        return;
    }
    wrong("500 5.5.2 Unknown command");
}

void SmtpSession::mail(std::string_view argument) {
    if (!greeted_) return wrong("503 5.5.1 First say EHLO");
    if (has_sender_) return wrong("503 5.5.1 There is a mail under way: RSET forgets it");
    if (!lower_case(argument).starts_with("from:")) return wrong("501 5.5.4 MAIL FROM:<address>");
    auto rest = argument.substr(5);
    auto path = take_path(rest);
    if (!path) return wrong("501 5.5.4 MAIL FROM:<address>, in angle brackets");
    bool utf8 = false;
    for (rest = trimmed(rest); !rest.empty(); rest = trimmed(rest)) {
        const auto blank = std::min(rest.find(' '), rest.size());
        const auto parameter = lower_case(rest.substr(0, blank));
        rest.remove_prefix(blank);
        if (parameter == "smtputf8")
            utf8 = true;
        else if (parameter == "body=7bit" || parameter == "body=8bitmime" ||
                 parameter.starts_with("auth="))
            continue;
        else if (parameter.starts_with("size=")) {
            std::uint64_t size = 0;
            const char* end = parameter.data() + parameter.size();
            const auto read = std::from_chars(parameter.data() + 5, end, size);
            if (read.ec != std::errc() || read.ptr != end)
                return wrong("501 5.5.4 SIZE is a number of bytes");
            if (size > mail_bytes_max) {
                return say(fmt::format("552 5.3.4 A mail holds at most {} bytes", mail_bytes_max));
            }
        } else {
            return wrong("555 5.5.4 Unknown parameter after MAIL FROM: " +
                         parameter.substr(0, 100));
        }
    }
    if (const auto fault = path->empty() ? std::string_view() : fault_of_address(*path, utf8);
        !fault.empty()) {
        return wrong("553 " + std::string(fault));
    }
    envelope_.from = std::move(*path);
    has_sender_ = true;
    utf8_ = utf8;
    say("250 2.1.0 Sender taken");
}

void SmtpSession::rcpt(std::string_view argument) {
    if (!has_sender_) return wrong("503 5.5.1 First MAIL FROM");
    if (!lower_case(argument).starts_with("to:")) return wrong("501 5.5.4 RCPT TO:<address>");
    auto rest = argument.substr(3);
    auto path = take_path(rest);
    if (!path) return wrong("501 5.5.4 RCPT TO:<address>, in angle brackets");
    if (!trimmed(rest).empty()) return wrong("555 5.5.4 RCPT TO takes no parameters here");
    const auto fault =
        lower_case(*path) == "postmaster" ? std::string_view() : fault_of_address(*path, utf8_);
    if (!fault.empty()) return wrong("553 " + std::string(fault));
    if (envelope_.to.size() >= recipients_max)
        return say("452 4.5.3 That is enough recipients for one mail");
    if (fault_struck("before", *path, "")) return;
    envelope_.to.push_back(std::move(*path));
    say("250 2.1.5 Recipient taken");
}

// A mail ends with a full stop between two CRLF and nothing less: what other servers could read as
// two mails (a bare LF around the full stop) is one here.
void SmtpSession::data_line(std::string_view line, bool overlong, bool crlf) {
    if (line == "." && crlf && after_crlf_ && !overlong) return end_of_data();
    after_crlf_ = crlf;
    ++lines_;
    if (!refusal_.empty()) return;  // to the end, unread
    if (line.starts_with('.')) line.remove_prefix(1);
    if (overlong || line.size() > text_line_bytes_max) {
        refusal_ = fmt::format(
            "554 5.6.0 Line {} of this mail is longer than 998 bytes, which RFC 5322 forbids: use "
            "quoted-printable or base64",
            lines_);
    } else if (data_.size() + line.size() + 2 > mail_bytes_max) {
        refusal_ = fmt::format("552 5.3.4 A mail holds at most {} bytes", mail_bytes_max);
    } else {
        data_ += line;
        data_ += "\r\n";
        return;
    }
    data_ = {};
}

void SmtpSession::end_of_data() {
    state_ = State::command;
    if (!refusal_.empty()) {
        say(refusal_);
        return reset_mail();
    }
    std::string id = "lost";
    try {
        envelope_.user = user_;
        if (!lost_) id = mailbox_.keep(envelope_, data_);
    } catch (const Unavailable& failure) {
        say(std::string("451 4.3.0 ") + failure.what());
        return reset_mail();
    }
    const auto recipients = envelope_.to;
    reset_mail();
    for (const auto& recipient : recipients) {
        if (fault_struck("after", recipient, id)) return;
    }
    say("250 2.0.0 Taken as " + id);
}

bool SmtpSession::fault_struck(std::string_view when, std::string_view recipient,
                               std::string_view mail) {
    bool answered = false;
    for (const auto& fault : faults_.strike(Faults::Place::mail, when, recipient, mail)) {
        const auto kind = text(fault, "fault");
        answered = true;
        if (kind == "mail_451") {
            say("451 4.7.1 Try again later (a fault of the sandbox)");
        } else if (kind == "mail_550") {
            say("550 5.1.1 There is no such mailbox (a fault of the sandbox)");
        } else if (kind == "mail_lost") {
            answered = false;  // the recipient is welcome, the mail is not kept
            lost_ = true;
        } else {
            turn_.then = Turn::Then::reset;
            turn_.wait = std::chrono::seconds(kind == "mail_hang" ? number(fault, "seconds") : 0);
        }
    }
    faults_.commit();
    return answered;
}

void SmtpSession::auth(std::string_view argument) {
    if (!greeted_) return wrong("503 5.5.1 First say EHLO");
    if (!user_.empty()) return wrong("503 5.5.1 You are signed in");
    if (has_sender_) return wrong("503 5.5.1 Not while a mail is under way");
    const auto blank = std::min(argument.find(' '), argument.size());
    const auto way = lower_case(argument.substr(0, blank));
    const auto first = trimmed(argument.substr(blank));
    if (way != "plain" && way != "login") return wrong("504 5.5.4 AUTH takes PLAIN or LOGIN");
    state_ = way == "plain" ? State::plain : State::login_name;
    if (!first.empty()) return credentials(first == "=" ? std::string_view() : first);
    say(way == "plain" ? "334 " : "334 VXNlcm5hbWU6");  // "Username:"
}

void SmtpSession::credentials(std::string_view line) {
    const auto state = std::exchange(state_, State::command);
    if (line == "*") return wrong("501 5.7.0 Signing in was given up");
    const auto said = base64_decode(line);
    if (!said || !stripe::is_utf8(*said)) return wrong("501 5.5.2 This is not base64");
    if (state == State::login_name) {
        login_ = *said;
        state_ = State::login_password;
        return say("334 UGFzc3dvcmQ6");  // "Password:"
    }
    if (state == State::login_password) return signed_in(std::exchange(login_, {}));
    // authorization NUL user NUL password
    const auto first = said->find('\0');
    const auto second = first == std::string::npos ? first : said->find('\0', first + 1);
    if (second == std::string::npos)
        return wrong("501 5.5.2 AUTH PLAIN is base64 of NUL user NUL password");
    signed_in(said->substr(first + 1, second - first - 1));
}

void SmtpSession::signed_in(std::string user) {
    if (user.empty()) return wrong("535 5.7.8 Name a user: any will do");
    user_ = std::move(user);
    say("235 2.7.0 Welcome: every user and password is right here");
}

void SmtpSession::reset_mail() {
    has_sender_ = utf8_ = lost_ = false;
    envelope_ = {};
    data_ = {};
    refusal_.clear();
}

void SmtpSession::say(std::string_view reply) {
    turn_.say += reply;
    turn_.say += "\r\n";
}

void SmtpSession::wrong(std::string_view reply) {
    say(reply);
    if (++wrong_ < wrong_max) return;
    say("421 4.7.0 Too many mistakes");
    turn_.then = Turn::Then::close;
}

}  // namespace paydesk::sandbox
