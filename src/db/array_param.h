#pragma once
// A list as one parameter: `unnest($1::text[], $2::timestamptz[])` makes rows of several of them.
//
// They travel in Postgres' binary format, which costs it one copy, where the text of an array or of JSON
// is read byte by byte and every element parsed. The statement must cast the parameter to the array type
// that the maker names; another type is refused by Postgres (22P03, 42804).

#include <optional>
#include <string_view>
#include <vector>

#include "db/database.h"

namespace paydesk::db {

Param array(const std::vector<std::optional<std::string_view>>& texts);  // text[]
Param array(const std::vector<std::optional<Instant>>& instants);        // timestamptz[]
Param array(const std::vector<std::optional<std::int64_t>>& integers);   // bigint[]
Param array(const std::vector<std::optional<bool>>& booleans);           // boolean[]

// One column of rows: what `value` gives for each, something that one of the above takes.
template <class Element, class Rows, class Value>
Param column(const Rows& rows, Value value) {
    std::vector<std::optional<Element>> elements;
    elements.reserve(rows.size());
    for (const auto& row : rows) elements.emplace_back(value(row));
    return array(elements);
}

}  // namespace paydesk::db
