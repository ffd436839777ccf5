#include "http/message.h"
#include "sandbox/stripe/params.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

// "items[0][price]" -> items, 0, price. Empty when the brackets do not match.
std::vector<std::string> segments_of(std::string_view key) {
    const auto open = key.find('[');
    std::vector<std::string> segments{std::string(key.substr(0, open))};
    if (open == std::string_view::npos) return segments;
    auto rest = key.substr(open);
    while (!rest.empty()) {
        const auto close = rest.find(']');
        if (rest.front() != '[' || close == std::string_view::npos) return {};
        segments.emplace_back(rest.substr(1, close - 1));
        rest.remove_prefix(close + 1);
    }
    return segments;
}

// In `items[][price]=a&items[][quantity]=2` the second belongs to the first's element; a name that
// the last element has already begins a new one.
std::string index_for(const Object& list, const std::string* next_segment) {
    if (list.empty()) return "0";
    const auto last = std::to_string(list.size() - 1);
    const auto* element = list.if_contains(last);
    if (next_segment && element && element->is_object() &&
        !element->get_object().contains(*next_segment)) {
        return last;
    }
    return std::to_string(list.size());
}

}  // namespace

Object decode_form(std::string_view form) {
    Object root;
    const auto pairs = http::parse_form(form);
    if (pairs.size() > form_pairs_max) refuse("", "Too many parameters in one request.");
    for (const auto& [key, value] : pairs) {
        if (!is_utf8(key) || !is_utf8(value)) {
            refuse("", "Invalid UTF-8 in the request's parameters.", is_utf8(key) ? key : "");
        }
        const auto segments = segments_of(key);
        if (segments.empty() || segments.front().empty() || segments.size() > form_depth_max) {
            refuse("parameter_unknown", "Received unknown parameter: " + key, key);
        }
        Object* place = &root;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            const bool last = i + 1 == segments.size();
            const std::string name = segments[i].empty()
                                         ? index_for(*place, last ? nullptr : &segments[i + 1])
                                         : segments[i];
            auto& slot = (*place)[name];
            if (last) {
                if (slot.is_object()) refuse("", "Invalid object", key);
                slot = value;
            } else {
                if (slot.is_null()) slot = Object();
                // metadata= followed by metadata[a]=b: unset all, then set some.
                if (slot.is_string() && slot.get_string().empty()) slot = Object();
                if (!slot.is_object()) refuse("", "Invalid object", key);
                place = &slot.get_object();
            }
        }
    }
    return root;
}

}  // namespace paydesk::sandbox::stripe
