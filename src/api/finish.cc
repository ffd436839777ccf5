#include "api/finish.h"

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "http/security_headers.h"

namespace paydesk::api {

namespace {

std::string_view next_segment(std::string_view& path) {
    path.remove_prefix(std::min<std::size_t>(path.size(), 1));  // the '/'
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

bool fits(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = next_segment(pattern), given = next_segment(path);
        // "{id}.pdf" wants something before the ".pdf".
        const auto end = wanted.starts_with('{') ? wanted.find('}') : wanted.npos;
        const auto suffix = end == wanted.npos ? wanted : wanted.substr(end + 1);
        if (end == wanted.npos ? wanted != given : !given.ends_with(suffix)) return false;
    }
    return pattern.empty() && path.empty();
}

}  // namespace

std::vector<std::string> routes_of_contract(const std::string& openapi_yaml) {
    std::vector<std::string> routes;
    std::istringstream lines(openapi_yaml);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("  /") && line.ends_with(':'))
            routes.push_back(line.substr(2, line.size() - 3));
    }
    return routes;
}

Recorder::Recorder(const std::filesystem::path& file, const std::string& openapi_yaml)
    : file_(file, std::ios::app), routes_(routes_of_contract(openapi_yaml)) {
    if (!file_) throw Unavailable("responses cannot be recorded to " + file.string());
}

void Recorder::record(const http::Request& request, const http::Response& response) {
    if (response.stream || request.method == "HEAD" || request.method == "OPTIONS") return;
    const bool binary = response.content_type == "application/pdf";  // no JSON text can hold it
    const auto route = std::ranges::find_if(
        routes_, [&](const auto& pattern) { return fits(pattern, request.path); });
    if (route == routes_.end()) return;
    file_ << json::serialize(json::object{
                 {"method",       request.method                        },
                 {"route",        *route                                },
                 {"status",       response.status                       },
                 {"content_type", response.content_type                 },
                 {"body",         binary ? std::string() : response.body}
    })
          << '\n'
          << std::flush;
}

void finish_all(http::Router& router, const http::Cors& cors, Recorder* recorder) {
    router.finish_with([headers = http::api_security_headers(), &cors, recorder](
                           const http::Request& request, http::Response& response) {
        http::add_missing(response, headers);
        cors.apply(request, response);
        if (recorder != nullptr) recorder->record(request, response);
    });
}

}  // namespace paydesk::api
