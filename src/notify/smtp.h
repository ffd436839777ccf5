#pragma once
// The way out: SMTP over libcurl on a worker thread, so that neither DNS nor TLS nor a slow mail server
// ever blocks the I/O thread. One connection serves many mails as long as the server keeps it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/task.h"

namespace paydesk::notify {

struct SmtpServer {
    enum class Tls : std::uint8_t {
        required,  // STARTTLS on smtp://, else nothing is sent; smtps:// is TLS from the first byte
        optional,  // STARTTLS where the server offers it: anyone in between can turn it off
        off,
    };
    std::string scheme;  // "smtp", "smtps"
    std::string host;    // an IPv6 address in brackets
    std::uint16_t port = 0;
    std::string user = {}, password = {};  // "" without
    Tls tls = Tls::required;
    std::string ca_file = {};    // PEM; "": the system's roots
    std::string ehlo_name = {};  // "" for the machine's

    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds timeout{30'000};  // of one mail, connecting included
};

// smtp[s]://[user[:password]@]host[:port], percent-encoded; ports 587 and 465 where none is named.
// Refuses with invalid_input and never repeats the password.
Result<SmtpServer> parse_smtp_url(const std::string& url);

// Whether a password may travel: not in the clear, except to this very machine.
bool is_safe_for_password(const SmtpServer& server);

struct Delivery {
    enum class Outcome : std::uint8_t {
        accepted,     // the server has taken it over
        refused,      // for good (5xx of this mail): trying again is of no use
        deferred,     // for now (4xx of this mail)
        unreachable,  // no connection, no TLS, no login: nothing to do with this mail
    };
    Outcome outcome = Outcome::unreachable;
    int code = 0;      // the server's last reply, 0 without
    std::string text;  // for the operator; "" when accepted
};

class SmtpClient {
public:
    SmtpClient(asio::io_context& io, SmtpServer server);
    ~SmtpClient();  // finishes what is under way

    // Never throws for what the server does. A connection that breaks after the mail was sent and
    // before the answer leaves it open whether it was taken: that is `unreachable`, and sending the
    // same bytes again may deliver it twice, with one Message-ID.
    // REQUIRES: plain addresses (is_mail_address()); `mail` has CRLF lines.
    Task<Delivery> send(std::string from, std::string to, std::string mail);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace paydesk::notify
