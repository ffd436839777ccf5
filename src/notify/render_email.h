#pragma once
// An e-mail's words: kind, language and data -> subject, text and HTML. Pure.

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "documents/brand.h"
#include "documents/wording.h"

namespace paydesk::notify {

struct EmailContent {
    std::string kind;
    std::string language;   // one that Wording::language() gave
    std::string name = {};  // of the reader; may be empty
    // As Notification::details. "paragraphs": texts, of a free-form mail.
    boost::json::object data = {};
    bool with_attachment = false;
};

struct RenderedEmail {
    std::string subject;  // one line, without control characters
    std::string text;
    std::string html;
};

// Values are formatted by their name: an amount ("amount", or "..._amount") beside "currency" as
// money, "..._at" as a date, other numbers with groups, texts as they are. An address of a button that
// is not http(s) is left out.
RenderedEmail render_email(const documents::Wording& wording, const documents::Brand& brand,
                           const EmailContent& content);

}  // namespace paydesk::notify
