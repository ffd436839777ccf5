#pragma once
// Answering "not modified".

#include <string>
#include <string_view>

namespace paydesk::http {

// A strong validator of these bytes, in its quotes.
std::string etag_of(std::string_view body);

// Whether If-None-Match holds this one: a list, weak ones, or "*".
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace paydesk::http
