#pragma once
// A mail as its reader sees it (RFC 5322, MIME).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace paydesk::sandbox {

struct Attachment {
    std::string name;          // "" when it has none
    std::string content_type;  // "application/pdf"
    std::string content_id;    // what "cid:" in the HTML names; without the brackets
    std::string content;       // decoded
};

struct Message {
    std::vector<std::pair<std::string, std::string>> headers;  // unfolded and decoded, in order
    std::string text, html;                                    // UTF-8; "" when there is none
    std::vector<Attachment> attachments;

    // The first of that name, without regard to case; "" when there is none.
    std::string header(std::string_view name) const;
};

// Never refuses: what is no mail at all is one text without headers.
Message parse_message(std::string_view raw);

// Every http(s) address in it, in order, each once: what a test wants to click.
std::vector<std::string> links_of(const Message& message);

// The words of an HTML text, without its tags.
std::string words_of_html(std::string_view html);

}  // namespace paydesk::sandbox
