#pragma once
// CORS: which other origins' pages may call us from a browser. Pure: requests and responses in,
// headers out.
//
// Bearer tokens only, so no credentials mode: a cookie is never read and never allowed.

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace paydesk::http {

inline constexpr int cors_preflight_seconds = 600;  // how long a browser may keep the answer

// "https://app.example.com" or "http://localhost:3000", in the form in which browsers send it:
// lower case, no path, no default port. Refuses anything else with invalid_input: "*", "null", a
// path, a user, another scheme.
Result<std::string> parse_origin(std::string_view text);

class Cors {
public:
    // REQUIRES: each is what parse_origin() gave.
    explicit Cors(std::vector<std::string> allowed_origins);

    bool allows(std::string_view origin) const;

    // OPTIONS with Origin and Access-Control-Request-Method.
    static bool is_preflight(const Request& request);

    // What goes on every response, for Router::finish_with(): Vary: Origin always (a shared cache
    // must not give one origin's answer to another); the allowing headers for an allowed origin
    // alone. The answer to a preflight (the router's 204 with Allow) also gets the methods of that
    // Allow, the headers that our API reads and Access-Control-Max-Age.
    void apply(const Request& request, Response& response) const;

private:
    std::vector<std::string> allowed_origins_;
};

}  // namespace paydesk::http
