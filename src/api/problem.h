#pragma once
// Refusals as problem+json, with what http::problem() does not know: fields and links.

#include <string>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace paydesk::api {

struct FieldError {
    std::string field, message;
};

// 422 invalid_input that lists every field that is wrong. REQUIRES: at least one.
http::Response field_problem(const std::vector<FieldError>& errors);

// `error`, logged with its detail when it is the provider's or ours, and answered.
http::Response refusal(const Error& error);

// The same with one more member in the body.
http::Response refusal_with(const Error& error, std::string_view member, std::string_view value);

}  // namespace paydesk::api
