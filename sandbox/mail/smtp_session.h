#pragma once
// One conversation in SMTP (RFC 5321), without a socket: bytes in, bytes out.
//
// EHLO with PIPELINING, SIZE, 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES and AUTH (PLAIN, LOGIN; every
// user and password is right). Any sender and recipient is welcome; mails end in the mailbox.

#include <chrono>
#include <string>
#include <string_view>

#include "sandbox/faults.h"
#include "sandbox/mail/mailbox.h"

namespace paydesk::sandbox {

class SmtpSession {
public:
    // REQUIRES: both outlive the session.
    SmtpSession(Mailbox& mailbox, Faults& faults) : mailbox_(mailbox), faults_(faults) {}

    static std::string greeting();

    // What to say, and then to do.
    struct Turn {
        std::string say;
        enum class Then : std::uint8_t { read_on, close, reset } then = Then::read_on;
        std::chrono::seconds wait{0};  // before `then`: a fault
        bool got_line = false;         // the client is not idle
    };
    Turn take(std::string_view bytes);

private:
    enum class State : std::uint8_t { command, data, plain, login_name, login_password };

    void line(std::string_view line, bool overlong, bool crlf);
    void command(std::string_view line);
    void mail(std::string_view argument);
    void rcpt(std::string_view argument);
    void data_line(std::string_view line, bool overlong, bool crlf);
    void end_of_data();
    void auth(std::string_view argument);
    void credentials(std::string_view line);
    void signed_in(std::string user);
    void reset_mail();
    void say(std::string_view reply);
    void wrong(std::string_view reply);  // counted: too many end the conversation
    // True when a fault of mails struck and has answered, or hung up.
    bool fault_struck(std::string_view when, std::string_view recipient, std::string_view mail);

    Mailbox& mailbox_;
    Faults& faults_;
    State state_ = State::command;
    std::string buffer_;  // the line that is not whole yet
    bool overlong_ = false;
    bool ends_in_cr_ = false;  // what came of it so far
    Turn turn_;
    int wrong_ = 0;
    bool greeted_ = false;
    std::string user_, login_;
    // The mail under way.
    bool has_sender_ = false;
    bool utf8_ = false;
    bool lost_ = false;  // a fault: accepted, never stored
    bool after_crlf_ = true;
    Envelope envelope_;
    std::string data_, refusal_;
    std::size_t lines_ = 0;
};

}  // namespace paydesk::sandbox
