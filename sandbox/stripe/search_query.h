#pragma once
// Stripe's search language, on one object at a time.
//
//     query  = clause { AND clause } | clause { OR clause }
//     clause = [-] field op value
//     field  = a name of the resource's table, or metadata["key"]
//     op     = ":" or "=" equal (text in any case), "~" contains (three letters or more),
//              ">" "<" ">=" "<=" of numbers
//     value  = "text", 'text', a number, true, false, null (":" alone: no such value)

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

inline constexpr std::size_t search_clauses_max = 10;

enum class SearchKind : std::uint8_t {
    token,   // equal alone
    string,  // contains too
    number,
    boolean,
};

struct SearchField {
    std::string_view name;
    SearchKind kind;
    std::string_view path = {};  // in the stored object; "" where it is the name
};

class SearchQuery {
public:
    // Refuses with 400, saying what and where, what the language does not have.
    static SearchQuery parse(std::string_view query, std::span<const SearchField> fields);

    bool matches(const Object& object) const;

    struct Clause {
        bool negated = false;
        std::string path;
        std::string key = {};  // of metadata
        std::string op;
        json::value value;  // text, int64, bool or null
    };

private:
    bool any_ = false;  // OR
    std::vector<Clause> clauses_;
};

}  // namespace paydesk::sandbox::stripe
