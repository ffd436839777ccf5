#pragma once
// Reads a few places of a JSON text without building the value: the whole text is checked, nothing
// else of it is kept. Several times cheaper than parse_json() where a text is only looked at.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace paydesk {

// Keys from the outermost object inwards: {"data", "object", "id"}.
using JsonPath = std::vector<std::string_view>;

// What stands at a place. Integers are exact: a number with a fraction or beyond int64 is nothing, and
// so are null, arrays and objects.
using JsonLeaf = std::variant<std::monostate, std::string, std::int64_t, bool>;

inline constexpr std::size_t scan_paths_max = 32;

// One leaf for each path, in their order; monostate where there is none. Of a key that stands twice the
// last counts, as in parse_json(). A text whose outermost value is no object has no leaves.
// REQUIRES: at most scan_paths_max paths, none of them empty.
// Refuses what parse_json() refuses, with the same error.
Result<std::vector<JsonLeaf>> scan_json(std::string_view text, std::size_t bytes_max,
                                        std::span<const JsonPath> paths);

}  // namespace paydesk
