#pragma once
// How quantities are written: as JSON numbers with all their digits, which no JSON value holds. So what has
// quantities is written as text.

#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "usage/consumption.h"
#include "usage/event_input.h"
#include "usage/sink.h"

namespace paydesk::api {

// A JSON object in the making.
class JsonText {
public:
    JsonText& text(std::string_view name, std::string_view value);
    JsonText& text_or_null(std::string_view name, const std::optional<std::string>& value);
    JsonText& number(std::string_view name, std::int64_t value);
    JsonText& number(std::string_view name, Decimal value);
    JsonText& flag(std::string_view name, bool value);
    JsonText& raw(std::string_view name, std::string_view json);  // JSON already
    std::string done();                                           // the last call

private:
    JsonText& member(std::string_view name);
    std::string text_ = "{";
};

std::string json_list(const std::vector<std::string>& elements);

http::Response json_text_response(std::string body);

// {"field", "message", "code"} of each.
std::string errors_json(const std::vector<usage::FieldError>& errors);

// What became of an event of a batch.
std::string result_json(const usage::Recorded& recorded);
std::string result_json(const std::vector<usage::FieldError>& errors);

// {"allowed", "used", "limit", ...}: what the tutorials ask for, and what is left.
std::string limit_json(std::string_view metric, bool allowed, Decimal used, usage::Limit limit,
                       const usage::Period& period);

// As the row of usage_records is named.
std::string record_json(const usage::Event& event, const usage::Recorded& recorded, Instant now);

}  // namespace paydesk::api
