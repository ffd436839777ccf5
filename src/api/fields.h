#pragma once
// Reads the fields of a request body or query strictly and remembers all that is wrong, so that one
// answer names every field to mend.
//
//     BodyFields body(request.body);
//     const auto plan = body.text("planId", 255);
//     if (auto refused = body.refused()) co_return *refused;
//
// A null field counts as absent. Unknown fields of a body are refused: see openapi.yaml.

#include <boost/json.hpp>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/problem.h"
#include "base/clock.h"
#include "http/message.h"

namespace paydesk::api {

inline constexpr std::size_t body_bytes_max = 16 * 1024;

class BodyFields {
public:
    // An empty body is an empty object.
    explicit BodyFields(std::string_view body);

    std::optional<std::string> text(std::string_view field, std::size_t bytes_max);
    // The same with line breaks and tabs allowed.
    std::optional<std::string> lines(std::string_view field, std::size_t bytes_max);
    std::optional<std::string> choice(std::string_view field,
                                      std::initializer_list<std::string_view> choices);
    std::optional<std::int64_t> integer(std::string_view field, std::int64_t least,
                                        std::int64_t most);
    std::optional<bool> flag(std::string_view field);
    std::optional<std::string> uuid(std::string_view field);
    std::optional<std::vector<std::string>> uuids(std::string_view field, std::size_t count_max);

    // Whether it was sent, right or wrong.
    bool has(std::string_view field) { return find(field) != nullptr; }

    // A rule over several fields does not hold.
    void wrong(std::string_view field, std::string message);

    // Call it last: the answer, where anything was wrong: 400 (not JSON), 413 or 422.
    std::optional<http::Response> refused();

private:
    const boost::json::value* find(std::string_view field);

    boost::json::object object_;
    std::set<std::string, std::less<>> known_;
    std::vector<FieldError> errors_;
    std::optional<http::Response> unreadable_;
};

// Of a query string. Unknown parameters are ignored, of several equal ones the last counts.
class QueryFields {
public:
    explicit QueryFields(std::string_view query);

    std::int64_t integer(std::string_view field, std::int64_t least, std::int64_t most,
                         std::int64_t fallback);
    bool flag(std::string_view field);
    std::optional<std::string> uuid(std::string_view field);
    std::optional<std::string> choice(std::string_view field,
                                      std::initializer_list<std::string_view> choices);
    std::optional<std::string> text(std::string_view field) const { return find(field); }
    std::optional<Instant> instant(std::string_view field);
    // One line that people typed; "" counts as absent.
    std::optional<std::string> line(std::string_view field, std::size_t bytes_max);
    // An ISO 4217 code, given in lower case.
    std::optional<std::string> currency(std::string_view field);
    // Printable ASCII, not empty; what is missing is wrong.
    std::optional<std::string> required_text(std::string_view field, std::size_t bytes_max);
    std::optional<std::string> required_choice(std::string_view field,
                                               std::initializer_list<std::string_view> choices);
    std::optional<http::Response> refused() const;

private:
    std::optional<std::string> find(std::string_view field) const;

    std::vector<std::pair<std::string, std::string>> fields_;
    std::vector<FieldError> errors_;
};

}  // namespace paydesk::api
