#include "http/etag.h"

#include <algorithm>

#include "base/crypto.h"

namespace paydesk::http {

std::string etag_of(std::string_view body) {
    return "\"" + to_hex(sha256(body)).substr(0, 32) + "\"";
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        std::string_view member = if_none_match.substr(0, if_none_match.find(','));
        if_none_match.remove_prefix(std::min(if_none_match.size(), member.size() + 1));
        while (member.starts_with(' ')) member.remove_prefix(1);
        while (member.ends_with(' ')) member.remove_suffix(1);
        if (member.starts_with("W/")) member.remove_prefix(2);
        if (member == "*" || member == etag) return true;
    }
    return false;
}

}  // namespace paydesk::http
