#include "billing/recordset.h"

namespace paydesk::billing::recordset {

db::Param param(const json::array& rows) { return json::serialize(rows); }

db::Param texts(const std::vector<std::string>& values) {
    json::array array;
    array.reserve(values.size());
    for (const auto& text : values) array.emplace_back(text);
    return json::serialize(array);
}

std::optional<std::int64_t> optional_integer(const db::Rows& rows, std::size_t row,
                                             std::string_view column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return rows.integer(row, column);
}

std::optional<provider::Ref> optional_ref(const db::Rows& rows, std::size_t row,
                                          std::string_view column) {
    if (rows.is_null(row, column)) return std::nullopt;
    return provider::Ref{std::string(rows.text(row, column))};
}

}  // namespace paydesk::billing::recordset
