#include "billing/recordset.h"

namespace paydesk::billing::recordset {

db::Param param(const json::array& rows) { return json::serialize(rows); }

db::Param texts(const std::vector<std::string>& values) {
    json::array array;
    array.reserve(values.size());
    for (const auto& text : values) array.emplace_back(text);
    return json::serialize(array);
}

db::Param keys(const std::map<owner_store::ObjectKey, AccountId>& keys) {
    json::array wanted;
    wanted.reserve(keys.size());
    for (const auto& [key, account] : keys) {
        wanted.push_back(json::object{
            {"account_id", account.value                    },
            {"provider",   provider::to_string(key.provider)},
            {"id",         key.id                           }
        });
    }
    return param(wanted);
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
