#include "sandbox/paypal/reading.h"

#include <algorithm>

#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {

std::string required_text(const Object& object, std::string_view key, std::string_view field,
                          std::size_t most) {
    if (!present(object, key)) refuse_missing_field(field);
    if (!object.at(key).is_string()) refuse("INVALID_PARAMETER_SYNTAX", field);
    auto given = text(object, key);
    if (given.empty() || characters(given) > most) refuse("INVALID_STRING_LENGTH", field);
    return given;
}

std::string optional_text(const Object& object, std::string_view key, std::string_view field,
                          std::size_t most) {
    return present(object, key) ? required_text(object, key, field, most) : std::string();
}

std::string choice(const Object& object, std::string_view key, std::string_view field,
                   std::initializer_list<std::string_view> allowed, std::string_view fallback) {
    if (!present(object, key)) return std::string(fallback);
    auto given = required_text(object, key, field, 255);
    if (std::ranges::find(allowed, std::string_view(given)) == allowed.end()) {
        refuse("INVALID_PARAMETER_VALUE", field);
    }
    return given;
}

std::int64_t whole_at(const Object& object, std::string_view key, std::string_view field,
                      std::int64_t least, std::int64_t most, std::int64_t fallback) {
    if (!present(object, key)) return fallback;
    const json::value& given = object.at(key);
    if (given.is_uint64()) refuse("INVALID_INTEGER_MAX_VALUE", field);
    if (!given.is_int64()) refuse("INVALID_PARAMETER_SYNTAX", field);
    if (given.get_int64() < least) refuse("INVALID_INTEGER_MIN_VALUE", field);
    if (given.get_int64() > most) refuse("INVALID_INTEGER_MAX_VALUE", field);
    return given.get_int64();
}

bool flag_at(const Object& object, std::string_view key, std::string_view field, bool fallback) {
    if (!present(object, key)) return fallback;
    if (!object.at(key).is_bool()) refuse("INVALID_PARAMETER_SYNTAX", field);
    return object.at(key).get_bool();
}

const Object& object_at(const Object& object, std::string_view key, std::string_view field) {
    if (present(object, key) && !object.at(key).is_object()) {
        refuse("INVALID_PARAMETER_SYNTAX", field);
    }
    return child(object, key);
}

std::string url_at(const Object& object, std::string_view key, std::string_view field) {
    auto given = optional_text(object, key, field, 4000);
    if (given.empty() || given.starts_with("http://") || given.starts_with("https://"))
        return given;
    refuse("INVALID_PARAMETER_SYNTAX", field);
}

}  // namespace paydesk::sandbox::paypal
