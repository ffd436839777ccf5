#include "api/finish.h"

#include "base/error.h"
#include "base/json.h"
#include "http/security_headers.h"

namespace paydesk::api {

Recorder::Recorder(const std::filesystem::path& file) : file_(file, std::ios::app) {
    if (!file_) throw Unavailable("responses cannot be recorded to " + file.string());
}

void Recorder::record(const http::Request& request, const http::Response& response) {
    const bool of_api = request.path.starts_with("/api/") || request.path == "/healthz" ||
                        request.path == "/readyz";
    if (!of_api || response.stream || request.method == "HEAD" || request.method == "OPTIONS")
        return;
    file_ << json::serialize(json::object{
                 {"method",       request.method       },
                 {"path",         request.path         },
                 {"status",       response.status      },
                 {"content_type", response.content_type},
                 {"body",         response.body        }
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
