#pragma once
// The listener: bytes -> Request -> Handler -> Response -> bytes, with a limit on everything.
//
// Beast parses; the read loop, deadlines and drain are ours (its composed operations cost 40 s of
// compile time a file). Deadlines are time stamps that a sweep looks at once a second.

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "http/message.h"

namespace paydesk::http {

// "Fri, 20 Nov 2026 12:00:00 GMT" (RFC 9110 5.6.7). The server puts it on each response that has no Date.
std::string http_date(Instant now);

struct Limits {
    std::size_t head_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 1024 * 1024;
    std::size_t connections_max = 10'000;
    std::chrono::seconds idle_timeout{75};
    std::chrono::seconds head_timeout{10};
    std::chrono::seconds body_timeout{30};
    std::chrono::seconds write_timeout{30};
    std::chrono::seconds drain_timeout{20};  // stop() closes what is still open after this
};

// Patterns by method: "GET /api/subscriptions/{id}". A literal beats a parameter. HEAD is answered
// by GET's handler without the body; OPTIONS lists the methods (CORS is api/'s business).
class Router {
public:
    // REQUIRES: the pattern was not added before.
    void on(std::string_view method_and_pattern, Handler handler);
    // For what no pattern matches (static files). Without it: 404 problem+json.
    void otherwise(Handler handler);
    // Sees every response of this router before it goes out, refusals too (CORS and security
    // headers). At most one; must not throw.
    void finish_with(std::function<void(const Request&, Response&)> finish);

    // ENSURES: never throws: an exception of a handler becomes 503 (Unavailable, TransportError) or
    // 500, logged with its text, answered without it. 404 for an unknown path, 405 with Allow for a
    // known one, 400 for a path whose '%' is malformed or that holds a NUL.
    // Counts http_requests_total{route,method,status} and http_request_seconds{route}.
    Task<Response> route(Request& request) const;

private:
    struct Route {
        std::string method;
        std::string pattern;  // "/api/subscriptions/{id}": the label of its metrics
        std::vector<std::string> segments;
        bool literal;  // no parameter in it
        Handler handler;
    };
    const Route* find(std::string_view method, const Request& request) const;
    const Route* find_by_segments(std::string_view method,
                                  const std::vector<std::string>& segments) const;
    std::string allowed_methods(const Request& request) const;
    Task<Response> answer(Request& request, std::string_view& pattern) const;

    std::vector<Route> routes_;
    Handler otherwise_;
    std::function<void(const Request&, Response&)> finish_;
};

class Server {
public:
    // Binds and listens at once: throws Unavailable naming address and port when that fails (port
    // in use: says so and how to mend it). Port 0 takes a free one.
    // REQUIRES: io runs on one thread; `router` outlives the server.
    Server(asio::io_context& io, std::string address, std::uint16_t port, const Router& router,
           Limits limits = {});
    ~Server();

    std::uint16_t port() const;

    void start();
    // No new connections; idle ones close; open requests finish with Connection: close; streams
    // end. Returns when all are gone or drain_timeout has passed.
    Task<> stop();

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

// An error as RFC 9457 problem+json: {type, title, status, code, detail}. S0's clients read
// `error`, so it carries the message too.
// Retry-After and WWW-Authenticate where the status asks for them.
Response problem(const Error& error);
// The same under another status than the code's own (431 for an oversized head).
Response problem(int status, const Error& error);
Response json_response(int status, const boost::json::value& body);

}  // namespace paydesk::http
