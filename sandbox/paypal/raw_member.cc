#include "sandbox/paypal/raw_member.h"

#include <boost/json.hpp>

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::string_view space = " \t\r\n";

// After the string that begins at `at`.
std::size_t after_string(std::string_view json, std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
        if (json[at] == '\\') ++at;
    }
    return at + 1;
}

std::size_t after_space(std::string_view json, std::size_t at) {
    const auto next = json.find_first_not_of(space, at);
    return next == std::string_view::npos ? json.size() : next;
}

// After the value that begins at `at`.
std::size_t after_value(std::string_view json, std::size_t at) {
    int depth = 0;
    while (at < json.size()) {
        const char c = json[at];
        if (c == '"') {
            at = after_string(json, at);
            if (depth == 0) return at;
            continue;
        }
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') {
            if (depth == 0) return at;  // the end of what the value is in
            if (--depth == 0) return at + 1;
        }
        if (depth == 0 && (c == ',' || space.find(c) != std::string_view::npos)) return at;
        ++at;
    }
    return at;
}

}  // namespace

std::optional<std::string_view> raw_member(std::string_view json, std::string_view key) {
    std::optional<std::string_view> found;
    auto at = after_space(json, 0);
    if (at >= json.size() || json[at] != '{') return found;
    at = after_space(json, at + 1);
    while (at < json.size() && json[at] == '"') {
        const auto key_end = after_string(json, at);
        if (key_end > json.size()) break;
        boost::system::error_code error;
        const auto name = boost::json::parse(json.substr(at, key_end - at), error);
        const auto begin = after_space(json, after_space(json, key_end) + 1);  // past the ':'
        const auto end = after_value(json, begin);
        if (begin >= end || end > json.size()) break;
        if (!error && name.is_string() && std::string_view(name.get_string()) == key) {
            found = json.substr(begin, end - begin);
        }
        at = after_space(json, end);
        if (at >= json.size() || json[at] != ',') break;
        at = after_space(json, at + 1);
    }
    return found;
}

}  // namespace paydesk::sandbox::paypal
