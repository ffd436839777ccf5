#pragma once
// What happens to every response before it goes out: security headers, CORS, and, where it is asked
// for, a record of it for the contract tests.

#include <filesystem>
#include <fstream>

#include "http/cors.h"
#include "http/server.h"

namespace paydesk::api {

// Writes one JSON line per response of the API: {"method", "path", "status", "content_type", "body"}.
// Streams and files are left out. tests/contract validates the lines against openapi.yaml.
class Recorder {
public:
    // Appends. Throws Unavailable when the file cannot be written.
    explicit Recorder(const std::filesystem::path& file);
    void record(const http::Request& request, const http::Response& response);

private:
    std::ofstream file_;
};

// `cors` and `recorder` (may be null) outlive the router.
void finish_all(http::Router& router, const http::Cors& cors, Recorder* recorder);

}  // namespace paydesk::api
