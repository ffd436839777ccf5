#pragma once
// One e-mail as the bytes that go over the wire: RFC 5322, MIME, encoded words. Pure.
//
// Nothing in a value can become a header: control characters turn into spaces, what is not printable
// ASCII is an encoded word (RFC 2047). Bodies are quoted-printable, so no line is too long for any
// server and none begins with "From ".

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace paydesk::notify {

struct Mailbox {
    std::string address;
    std::string name = {};
};

struct Attachment {
    std::string filename;  // letters, digits, '.', '-' and '_'; others become '-'
    std::string content_type;
    std::string bytes;
};

struct MailMessage {
    Mailbox from, to;
    std::string reply_to;    // an address; "" without
    std::string message_id;  // "<...@...>", the same for every attempt
    Instant date;
    std::string subject, text, html;
    std::vector<Attachment> attachments;
};

// Whether it can stand in a header and in RCPT TO: one "@", no space, control character, bracket, quote
// or comma, at most 254 bytes. Not whether anybody reads it.
bool is_mail_address(std::string_view text);

// REQUIRES: is_mail_address() of from, to and reply_to (where there is one).
// The same input gives the same bytes.
std::string to_mime(const MailMessage& message);

// A header's value: as it is, or as encoded words of at most 75 characters each, folded. `column` is
// where it begins. REQUIRES: column <= 40.
std::string encode_header(std::string_view text, std::size_t column);

// RFC 2045, lines of at most 76 characters, CRLF.
std::string quoted_printable(std::string_view text);

}  // namespace paydesk::notify
