#pragma once
// Rows as one JSON parameter: what a set-based statement takes apart with json_to_recordset($1).

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "billing/owner_store.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing::recordset {

inline json::value value(std::string_view text) { return json::value(text); }
inline json::value value(const std::string& text) { return json::value(text); }
inline json::value value(const char* text) { return json::value(text); }
inline json::value value(bool flag) { return json::value(flag); }
inline json::value value(std::int64_t number) { return json::value(number); }
inline json::value value(Instant instant) { return json::value(to_iso8601(instant)); }
inline json::value value(const provider::Ref& ref) { return json::value(ref.value); }
template <class T>
json::value value(const std::optional<T>& optional) {
    return optional ? value(*optional) : json::value(nullptr);
}

// The parameter. U+0000 was dropped where the texts came in (normalise, receiver).
db::Param param(const json::array& rows);

// A JSON array of texts: for json_array_elements_text($1).
db::Param texts(const std::vector<std::string>& values);

// Readers of nullable columns.
std::optional<std::int64_t> optional_integer(const db::Rows& rows, std::size_t row,
                                             std::string_view column);
std::optional<provider::Ref> optional_ref(const db::Rows& rows, std::size_t row,
                                          std::string_view column);

}  // namespace paydesk::billing::recordset
