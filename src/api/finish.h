#pragma once
// What happens to every response before it goes out: security headers, CORS, and, where it is asked
// for, a record of it for the contract tests.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "http/cors.h"
#include "http/server.h"

namespace paydesk::api {

// Writes one JSON line per response of a route that the contract knows:
// {"method", "route", "status", "content_type", "body"}, route as the contract's pattern. Streams and
// files are left out. tests/contract/openapi_contract.mjs judges the lines.
class Recorder {
public:
    // Appends. Throws Unavailable when the file cannot be written.
    Recorder(const std::filesystem::path& file, const std::string& openapi_yaml);
    void record(const http::Request& request, const http::Response& response);

private:
    std::ofstream file_;
    std::vector<std::string> routes_;
};

// The keys of `paths` in a contract that is written as ours is: one to a line, indented by two.
std::vector<std::string> routes_of_contract(const std::string& openapi_yaml);

// `cors` and `recorder` (may be null) outlive the router.
void finish_all(http::Router& router, const http::Cors& cors, Recorder* recorder);

}  // namespace paydesk::api
