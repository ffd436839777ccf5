#pragma once
// Rows as JSON: which columns a resource shows and how each is written, as a table.

#include <boost/json.hpp>
#include <span>

#include "db/database.h"

namespace paydesk::api {

enum class ColumnKind : std::uint8_t { text, integer, flag, instant, json };

struct Column {
    const char* name;  // of the column and of the field
    ColumnKind kind;
};

// One row; NULL becomes null. Instants as RFC 3339 in UTC.
boost::json::object to_json(const db::Rows& rows, std::size_t row, std::span<const Column> columns);

}  // namespace paydesk::api
