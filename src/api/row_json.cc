#include "api/row_json.h"

#include "base/assert.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

json::value cell(const db::Rows& rows, std::size_t row, const Column& column) {
    if (rows.is_null(row, column.name)) return nullptr;
    switch (column.kind) {
        case ColumnKind::text:
            return json::string(rows.text(row, column.name));
        case ColumnKind::integer:
            return rows.integer(row, column.name);
        case ColumnKind::flag:
            return rows.boolean(row, column.name);
        case ColumnKind::instant:
            return json::string(to_iso8601(rows.instant(row, column.name)));
        case ColumnKind::json: {
            auto parsed = parse_json(rows.text(row, column.name));
            PD_ASSERT(parsed.has_value());  // a json column holds JSON
            return std::move(*parsed);
        }
    }
    PD_ASSERT(false);
}

}  // namespace

json::object to_json(const db::Rows& rows, std::size_t row, std::span<const Column> columns) {
    json::object object;
    object.reserve(columns.size());
    for (const Column& column : columns) object[column.name] = cell(rows, row, column);
    return object;
}

}  // namespace paydesk::api
