#pragma once
// JSON: Boost.JSON with limits, and readers that never throw on a missing or wrong-typed field.

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace paydesk {

namespace json = boost::json;

inline constexpr std::size_t json_depth_max = 32;
inline constexpr std::size_t json_bytes_max = 4 * 1024 * 1024;

// Refuses with invalid_input: not JSON (says where), deeper than json_depth_max, longer than
// `bytes_max`, not UTF-8.
//
// `memory` is where the value lives. A json::monotonic_resource makes a large text, read once and
// thrown away, several times cheaper; it must outlive the value.
Result<json::value> parse_json(std::string_view text, std::size_t bytes_max = json_bytes_max,
                               json::storage_ptr memory = {});

// How parse_json() and scan_json() refuse.
Error json_too_long(std::size_t bytes, std::size_t bytes_max);
Error json_not_valid(std::size_t at_byte, const boost::json::error_code& why);

// The value at `path` ("items", "data", "0" for an array's first), or nullptr where any step is
// missing, null, or not of the right kind.
const json::value* at_path(const json::value& value, std::initializer_list<std::string_view> path);

// Readers of one place; nothing when it is absent, null or of another type. Integers are exact: a
// number with a fraction, or beyond int64, is nothing.
std::optional<std::string> string_at(const json::value& value,
                                     std::initializer_list<std::string_view> path);
std::optional<std::int64_t> int_at(const json::value& value,
                                   std::initializer_list<std::string_view> path);
std::optional<bool> bool_at(const json::value& value, std::initializer_list<std::string_view> path);

// A copy of `text` without U+0000, which Postgres cannot store in text or jsonb.
std::string without_nul(std::string_view text);

// Whether the bytes are text: what JSON can hold, and Postgres but for U+0000.
bool is_utf8(std::string_view bytes);

// JSON text in which no string holds U+0000 (the escape \u0000 too), fit for a jsonb column.
std::string storable(const json::value& value);

}  // namespace paydesk
