#pragma once
// The mailbox as a person reads it.

#include <string>

#include "http/message.h"
#include "sandbox/mail/mailbox.h"

namespace paydesk::sandbox {

// /mailbox and everything under it; `rest` is the path after "/mailbox":
//   ""                       the list; ?q= and ?to= narrow it
//   "/delete"                POST: all that the form's q and to name
//   "/ID"                    one mail; ?view=html | phone | text | headers | source
//   "/ID/html"               its HTML alone, for the frame: no script, nothing from elsewhere
//   "/ID/delete"             POST
//   "/ID/raw", "/ID/attachments/0"
http::Response mailbox_page(Mailbox& mailbox, const http::Request& request,
                            const std::string& rest);

}  // namespace paydesk::sandbox
