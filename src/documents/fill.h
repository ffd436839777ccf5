#pragma once
// Mustache, in the two ways in which we fill a template.

#include <kainjow/mustache.hpp>
#include <string>

namespace paydesk::documents {

using Values = kainjow::mustache::data;

// {{...}} is escaped for HTML text and quoted attributes.
std::string fill_html(const std::string& source, const Values& values);

// {{...}} as it is, control characters as spaces: a value can neither begin a new line nor, in a
// subject, a new header.
std::string fill_text(const std::string& source, const Values& values);

// The same keeping line breaks, for the frame whose values are texts of ours already.
std::string fill_frame(const std::string& source, const Values& values);

}  // namespace paydesk::documents
