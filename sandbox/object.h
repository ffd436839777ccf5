#pragma once
// Reading the fields of a stored object, or of a request's parameters, without ceremony.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace paydesk::sandbox {

namespace json = boost::json;
using Object = json::object;

// Each gives its fallback when the key is absent, null or of another type.
inline std::string text(const Object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}
inline std::int64_t number(const Object& object, std::string_view key, std::int64_t fallback = 0) {
    const auto* value = object.if_contains(key);
    if (!value) return fallback;
    if (value->is_int64()) return value->get_int64();
    if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
    return fallback;
}
inline bool flag(const Object& object, std::string_view key, bool fallback = false) {
    const auto* value = object.if_contains(key);
    return value && value->is_bool() ? value->get_bool() : fallback;
}

// The key is there and its value is not null.
inline bool present(const Object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && !value->is_null();
}
// The value as it is, or null when absent.
inline json::value value_of(const Object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value ? *value : json::value(nullptr);
}

// An empty object or array where there is none.
inline const Object& child(const Object& object, std::string_view key) {
    static const Object empty;
    const auto* value = object.if_contains(key);
    return value && value->is_object() ? value->get_object() : empty;
}
inline const json::array& children(const Object& object, std::string_view key) {
    static const json::array empty;
    const auto* value = object.if_contains(key);
    return value && value->is_array() ? value->get_array() : empty;
}

// The text, or null when it is empty.
inline json::value text_or_null(std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

// Everything stored and answered is JSON, and JSON is UTF-8.
using paydesk::is_utf8;
// The text with every byte that is no UTF-8 replaced by U+FFFD: what a caller wrote, fit to be quoted.
std::string readable(std::string_view bytes);
// Its first `bytes_max` bytes, or fewer where a character would be cut through.
std::string_view shortened(std::string_view text, std::size_t bytes_max);
// How many characters (code points) UTF-8 has.
std::size_t characters(std::string_view text);

}  // namespace paydesk::sandbox
