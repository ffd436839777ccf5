#pragma once
// The headers that make a browser refuse what an attacker would have our pages do.

#include <span>
#include <string>

#include "http/message.h"

namespace paydesk::http {

// For HTML and its assets (StaticFiles). The content security policy has no inline script and no
// eval; pages are never framed; forms post only to us. Connections go to our own origin and to
// `connect_hosts`, images to our own and to `image_hosts` ("https://abc.supabase.co",
// "wss://abc.supabase.co"). A form whose answer redirects to another origin is blocked too. Inline style attributes are allowed: chart libraries set them.
// REQUIRES: no host holds a space, ';' or ','.
Headers page_security_headers(std::span<const std::string> connect_hosts = {},
                              std::span<const std::string> image_hosts = {});

// For JSON: nothing in it is a page, so nothing may load or frame it. Cache-Control: no-store is
// among them; a route that may be cached sets its own.
Headers api_security_headers();

// Adds those that `response` does not have already.
void add_missing(Response& response, const Headers& headers);

}  // namespace paydesk::http
