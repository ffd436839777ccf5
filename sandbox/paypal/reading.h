#pragma once
// Reading what a caller sent, with PayPal's refusals (400) for what is malformed.

#include <initializer_list>
#include <string>
#include <string_view>

#include "sandbox/object.h"

namespace paydesk::sandbox::paypal {

// `field` is the JSON pointer by which a refusal names the place. Refuses with MISSING_REQUIRED_PARAMETER,
// INVALID_PARAMETER_SYNTAX (no text) or INVALID_STRING_LENGTH (empty, or more than `most` characters).
std::string required_text(const Object& object, std::string_view key, std::string_view field,
                          std::size_t most);
// As required_text(); "" where there is none.
std::string optional_text(const Object& object, std::string_view key, std::string_view field,
                          std::size_t most);
// One of these, or `fallback` where there is none. Refuses with INVALID_PARAMETER_VALUE.
std::string choice(const Object& object, std::string_view key, std::string_view field,
                   std::initializer_list<std::string_view> allowed, std::string_view fallback);
// Refuses with INVALID_INTEGER_MIN_VALUE, INVALID_INTEGER_MAX_VALUE or INVALID_PARAMETER_SYNTAX.
std::int64_t whole_at(const Object& object, std::string_view key, std::string_view field,
                      std::int64_t least, std::int64_t most, std::int64_t fallback);
// A boolean, or `fallback` where there is none.
bool flag_at(const Object& object, std::string_view key, std::string_view field, bool fallback);
// An object where there is something else than nothing.
const Object& object_at(const Object& object, std::string_view key, std::string_view field);
// An http or https address; "" where there is none.
std::string url_at(const Object& object, std::string_view key, std::string_view field);

}  // namespace paydesk::sandbox::paypal
