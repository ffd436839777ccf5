#pragma once
// Writes what was said on the wire, one JSON object a line, for the contract tests.

#include <filesystem>
#include <fstream>
#include <string>

#include <boost/json.hpp>

namespace paydesk::sandbox {

// {api_version, method, path, query, request_body, request_headers, status, response} for each API
// call (without Authorization), {event: true, api_version, body} for each event that was sent.
class Recorder {
public:
    Recorder() = default;  // records nothing
    // Appends. Throws Unavailable when the file cannot be opened.
    explicit Recorder(const std::filesystem::path& file);

    bool is_on() const { return file_.is_open(); }
    void write(const boost::json::object& line);

private:
    std::ofstream file_;
};

}  // namespace paydesk::sandbox
