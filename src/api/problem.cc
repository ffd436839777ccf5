#include "api/problem.h"

#include "base/assert.h"
#include "base/json.h"
#include "base/log.h"
#include "http/server.h"

namespace paydesk::api {
namespace {

http::Response with_member(http::Response response, std::string_view member, json::value value) {
    auto body = parse_json(response.body);
    PD_ASSERT(body.has_value());
    body->as_object()[member] = std::move(value);
    response.body = json::serialize(*body);
    return response;
}

}  // namespace

http::Response field_problem(const std::vector<FieldError>& errors) {
    PD_ASSERT(!errors.empty());
    std::string message;
    json::array list;
    for (const FieldError& error : errors) {
        if (!message.empty()) message += " ";
        message += error.field.empty() ? error.message : error.field + ": " + error.message;
        list.push_back({
            {"field",   error.field  },
            {"message", error.message}
        });
    }
    return with_member(http::problem({ErrorCode::invalid_input, message}), "errors",
                       std::move(list));
}

http::Response refusal(const Error& error) {
    if (info(error.code).http_status >= 500) {
        log::warning("request_refused", {
                                            {"code",    json::string(info(error.code).name)},
                                            {"message", json::string(error.message)        },
                                            {"detail",  json::string(error.detail)         }
        });
    }
    return http::problem(error);
}

http::Response refusal_with(const Error& error, std::string_view member, std::string_view value) {
    return with_member(refusal(error), member, json::string(value));
}

}  // namespace paydesk::api
