#pragma once
// Mails by API, for tests: /_sandbox/mails.

#include <string>

#include "base/task.h"
#include "http/message.h"
#include "sandbox/mail/mailbox.h"

namespace paydesk::sandbox {

// `rest` is the path after "mails":
//   GET ""                     {data: [...], total}; ?to=, subject=, q=, after=, limit=
//   GET "/wait"                the newest that fits, as soon as there is one; also ?timeout= seconds
//                              (10, at most 60), then 404
//   GET "/ID"                  one, with headers, text, html, links, attachments
//   GET "/ID/raw", "/ID/attachments/0"
//   DELETE "", "/ID"           all that fit; one
Task<http::Response> control_mails(asio::io_context& io, Mailbox& mailbox,
                                   const http::Request& request, const std::string& rest);

// The attachment as a download, or 404. Shared with the pages.
http::Response attachment_response(const Mailbox& mailbox, const std::string& id,
                                   const std::string& index);
// The mail as it was sent, or 404.
http::Response raw_response(const Mailbox& mailbox, const std::string& id);

MailFilter mail_filter_of(const http::Request& request);

}  // namespace paydesk::sandbox
