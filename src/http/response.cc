// How refusals and JSON values become responses.
#include <boost/json.hpp>

#include "http/server.h"

namespace paydesk::http {

Response problem(const Error& error) { return problem(info(error.code).http_status, error); }

Response problem(int status, const Error& error) {
    const ErrorInfo& entry = info(error.code);
    const std::string& message = error.message;
    boost::json::object body;
    body["type"] = "urn:paydesk:error:" + std::string(entry.name);
    body["title"] = entry.title;
    body["status"] = status;
    body["code"] = entry.name;
    body["detail"] = message.empty() ? entry.title : std::string_view(message);
    body["error"] = body["detail"];

    Response response{.status = status, .content_type = "application/problem+json"};
    response.body = boost::json::serialize(body);
    response.headers.add("Cache-Control", "no-store");
    if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
    if (status == 429 || status == 503) response.headers.add("Retry-After", "1");
    return response;
}

Response json_response(int status, const boost::json::value& body) {
    return {.status = status, .body = boost::json::serialize(body)};
}

}  // namespace paydesk::http
