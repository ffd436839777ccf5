#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <set>

#include "base/assert.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/client.h"
#include "http/server.h"

namespace paydesk::http {

namespace json = boost::json;

namespace {

using Steady = std::chrono::steady_clock;

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    if (path.starts_with('/')) path.remove_prefix(1);
    for (;;) {
        const std::size_t slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == path.npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

// Nothing when a '%' is malformed or a NUL hides in it, which neither Postgres nor a file name
// could hold.
std::optional<std::vector<std::string>> decoded_segments(std::string_view path) {
    auto segments = split(path);
    for (std::string& segment : segments) {
        auto decoded = percent_decode(segment, false);
        if (!decoded || decoded->find('\0') != std::string::npos) return {};
        segment = *std::move(decoded);
    }
    return segments;
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
    if (pattern.size() != segments.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool fits =
            is_parameter(pattern[i]) ? !segments[i].empty() : pattern[i] == segments[i];
        if (!fits) return false;
    }
    return true;
}

// Whether `a` is the closer match where both match: the first segment in which they differ decides.
bool beats(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (is_parameter(a[i]) != is_parameter(b[i])) return !is_parameter(a[i]);
    }
    return false;
}

// A label must not grow with what strangers send.
std::string_view method_label(std::string_view method) {
    for (const std::string_view known :
         {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}) {
        if (method == known) return known;
    }
    return "other";
}

void record(std::string_view pattern, const Request& request, int status, Steady::duration took) {
    const std::string status_text = std::to_string(status);
    const double seconds = std::chrono::duration<double>(took).count();
    metrics::count(
        "http_requests_total",
        {
            {"route",  pattern                     },
            {"method", method_label(request.method)},
            {"status", status_text                 }
    });
    metrics::observe_seconds("http_request_seconds", seconds,
                             {
                                 {"route", pattern}
    });
    log::debug("http_request", {
                                   {"method",       json::value(request.method)             },
                                   {"path",         json::value(request.path)               },
                                   {"route",        json::value(pattern)                    },
                                   {"status",       status                                  },
                                   {"microseconds", static_cast<std::int64_t>(seconds * 1e6)}
    });
}

}  // namespace

void Router::on(std::string_view method_and_pattern, Handler handler) {
    const std::size_t space = method_and_pattern.find(' ');
    PD_ASSERT(space != method_and_pattern.npos);
    const std::string_view method = method_and_pattern.substr(0, space);
    const std::string_view pattern = method_and_pattern.substr(space + 1);
    PD_ASSERT(pattern.starts_with('/'));
    for (const Route& route : routes_)
        PD_ASSERT(route.method != method || route.pattern != pattern);
    routes_.push_back({.method = std::string(method),
                       .pattern = std::string(pattern),
                       .segments = split(pattern),
                       .literal = pattern.find('{') == pattern.npos,
                       .handler = std::move(handler)});
}

void Router::otherwise(Handler handler) { otherwise_ = std::move(handler); }

void Router::finish_with(std::function<void(const Request&, Response&)> finish) {
    finish_ = std::move(finish);
}

const Router::Route* Router::find_by_segments(std::string_view method,
                                              const std::vector<std::string>& segments) const {
    const Route* best = nullptr;
    for (const Route& route : routes_) {
        if (route.method != method || !matches(route.segments, segments)) continue;
        if (best == nullptr || beats(route.segments, best->segments)) best = &route;
    }
    return best;
}

const Router::Route* Router::find(std::string_view method, const Request& request) const {
    // Most routes have no parameter: they match without taking the path apart.
    for (const Route& route : routes_) {
        if (route.literal && route.pattern == request.path && route.method == method) return &route;
    }
    const auto segments = decoded_segments(request.path);
    return segments ? find_by_segments(method, *segments) : nullptr;
}

std::string Router::allowed_methods(const Request& request) const {
    const auto segments = decoded_segments(request.path);
    std::set<std::string> methods;
    for (const Route& route : routes_) {
        if (request.path == "*" || (segments && matches(route.segments, *segments)))
            methods.insert(route.method);
    }
    if (methods.empty()) return {};
    if (methods.contains("GET")) methods.insert("HEAD");
    methods.insert("OPTIONS");
    std::string list;
    for (const std::string& method : methods) list += (list.empty() ? "" : ", ") + method;
    return list;
}

Task<Response> Router::answer(Request& request, std::string_view& pattern) const {
    const Route* route = find(request.method, request);
    if (route == nullptr && request.method == "HEAD") route = find("GET", request);
    if (route != nullptr) {
        pattern = route->pattern;
        if (!route->literal) {
            const auto segments = decoded_segments(request.path);
            for (std::size_t i = 0; i < route->segments.size(); ++i) {
                const std::string& name = route->segments[i];
                if (!is_parameter(name)) continue;
                if (!is_utf8((*segments)[i]))
                    co_return problem(
                        {ErrorCode::malformed_request, "The path must be percent-encoded UTF-8."});
                request.params[name.substr(1, name.size() - 2)] = (*segments)[i];
            }
        }
        co_return co_await route->handler(request);
    }
    if (!decoded_segments(request.path))
        co_return problem(
            {ErrorCode::malformed_request, "The path holds a '%' that encodes nothing usable."});
    if (const std::string allowed = allowed_methods(request); !allowed.empty()) {
        Response response;
        if (request.method == "OPTIONS") {
            response = {.status = 204, .content_type = ""};
        } else {
            response = problem({ErrorCode::method_not_allowed,
                                "This path answers " + allowed + ", not " +
                                    std::string(method_label(request.method)) + "."});
        }
        response.headers.add("Allow", allowed);
        co_return response;
    }
    if (otherwise_) co_return co_await otherwise_(request);
    co_return problem({ErrorCode::not_found, "There is nothing at this path."});
}

Task<Response> Router::route(Request& request) const {
    const auto started = Steady::now();
    std::string_view pattern = "other";
    Response response;
    std::optional<std::string> failure;
    try {
        response = co_await answer(request, pattern);
    } catch (const Unavailable& unavailable) {
        failure = unavailable.what();
        response = problem({ErrorCode::unavailable, {}});
    } catch (const TransportError& unreachable) {
        failure = unreachable.what();
        response = problem({ErrorCode::unavailable, {}});
    } catch (const std::exception& bug) {
        failure = bug.what();
        response = problem({ErrorCode::internal, {}});
    }
    if (failure) {
        log::error("http_handler_failed", {
                                              {"route",   json::value(pattern)       },
                                              {"method",  json::value(request.method)},
                                              {"status",  response.status            },
                                              {"failure", json::value(*failure)      }
        });
    }
    if (finish_) finish_(request, response);
    record(pattern, request, response.status, Steady::now() - started);
    co_return response;
}

}  // namespace paydesk::http
