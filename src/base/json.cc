#include "base/json.h"

#include <fmt/format.h>

#include <charconv>

namespace paydesk {
namespace {

void strip_nul(json::value& value) {
    if (auto* text = value.if_string()) {
        if (text->find('\0') != json::string::npos) *text = without_nul(*text);
    } else if (auto* array = value.if_array()) {
        for (json::value& item : *array) strip_nul(item);
    } else if (auto* object = value.if_object()) {
        json::object clean;
        clean.reserve(object->size());
        for (auto& [key, member] : *object) {
            strip_nul(member);
            clean.insert_or_assign(without_nul(key), std::move(member));
        }
        *object = std::move(clean);
    }
}

}  // namespace

Error json_too_long(std::size_t bytes, std::size_t bytes_max) {
    return {ErrorCode::invalid_input,
            fmt::format("the JSON text has {} bytes; the limit is {}", bytes, bytes_max)};
}

Error json_not_valid(std::size_t at_byte, const json::error_code& why) {
    return {ErrorCode::invalid_input,
            fmt::format("not valid JSON at byte {}: {}", at_byte,
                        why ? why.message() : "something follows the end")};
}

Result<json::value> parse_json(std::string_view text, std::size_t bytes_max,
                               json::storage_ptr memory) {
    if (text.size() > bytes_max) return json_too_long(text.size(), bytes_max);
    json::parse_options options;
    options.max_depth = json_depth_max;
    json::stream_parser parser({}, options);
    parser.reset(std::move(memory));
    json::error_code error;
    const std::size_t read = parser.write_some(text.data(), text.size(), error);
    if (!error && read == text.size()) parser.finish(error);
    if (error || read != text.size()) return json_not_valid(read, error);
    return parser.release();
}

const json::value* at_path(const json::value& value, std::initializer_list<std::string_view> path) {
    const json::value* at = &value;
    for (const std::string_view step : path) {
        if (const auto* object = at->if_object()) {
            at = object->if_contains(step);
        } else if (const auto* array = at->if_array()) {
            std::size_t index = 0;
            const auto [end, error] =
                std::from_chars(step.data(), step.data() + step.size(), index);
            const bool is_index = error == std::errc{} && end == step.data() + step.size();
            at = is_index && index < array->size() ? &(*array)[index] : nullptr;
        } else {
            at = nullptr;
        }
        if (at == nullptr) return nullptr;
    }
    return at->is_null() ? nullptr : at;
}

std::optional<std::string> string_at(const json::value& value,
                                     std::initializer_list<std::string_view> path) {
    const json::value* at = at_path(value, path);
    if (at == nullptr || !at->is_string()) return std::nullopt;
    return std::string(at->get_string());
}

std::optional<std::int64_t> int_at(const json::value& value,
                                   std::initializer_list<std::string_view> path) {
    const json::value* at = at_path(value, path);
    if (at == nullptr || !at->is_int64()) return std::nullopt;
    return at->get_int64();
}

std::optional<bool> bool_at(const json::value& value,
                            std::initializer_list<std::string_view> path) {
    const json::value* at = at_path(value, path);
    if (at == nullptr || !at->is_bool()) return std::nullopt;
    return at->get_bool();
}

bool is_utf8(std::string_view bytes) {
    json::error_code error;
    json::parse(json::serialize(json::value(bytes)), error);
    return !error;
}

std::string without_nul(std::string_view text) {
    std::string clean(text);
    std::erase(clean, '\0');
    return clean;
}

std::string storable(const json::value& value) {
    json::value clean = value;
    strip_nul(clean);
    return json::serialize(clean);
}

}  // namespace paydesk
