#pragma once
// Rows as columns: one array parameter for each member, for statements that read
// `unnest($1::text[], $2::bigint[], ...)`. What recordset.h does in JSON, for the tables that every webhook
// writes: Postgres builds a hash table for each row of json_to_recordset().
//
//     {texts(rows, &Row::id), numbers(rows, &Row::quantity), instants(rows, &Row::period_start)}

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "billing/owner_store.h"
#include "db/array_param.h"
#include "provider/change.h"

namespace paydesk::billing::columns {

inline std::optional<std::string_view> view(std::string_view text) { return text; }
inline std::optional<std::string_view> view(const std::string& text) { return text; }
inline std::optional<std::string_view> view(const AccountId& account) { return account.value; }
inline std::optional<std::string_view> view(const provider::Ref& ref) { return ref.value; }
inline std::optional<std::string_view> view(provider::Name name) { return to_string(name); }
template <class Text>
std::optional<std::string_view> view(const std::optional<Text>& text) {
    return text ? view(*text) : std::nullopt;
}

// `member` is a pointer to a member, or a function that gives a reference or a view: what it gives must
// live as long as the row. Rows may be values or pointers.
template <class Rows, class Member>
db::Param texts(const Rows& rows, Member member) {
    return db::column<std::string_view>(
        rows, [&](const auto& row) { return view(std::invoke(member, row)); });
}
template <class Rows, class Member>
db::Param numbers(const Rows& rows, Member member) {
    return db::column<std::int64_t>(rows,
                                    [&](const auto& row) { return std::invoke(member, row); });
}
template <class Rows, class Member>
db::Param instants(const Rows& rows, Member member) {
    return db::column<Instant>(rows, [&](const auto& row) { return std::invoke(member, row); });
}
template <class Rows, class Member>
db::Param flags(const Rows& rows, Member member) {
    return db::column<bool>(rows, [&](const auto& row) { return std::invoke(member, row); });
}

// Objects of these accounts: account_id text[], provider text[], id text[].
db::Params keys(const std::map<owner_store::ObjectKey, AccountId>& keys);

}  // namespace paydesk::billing::columns
