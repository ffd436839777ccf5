#include "http/cors.h"

#include <algorithm>

namespace paydesk::http {

namespace {

constexpr std::string_view allowed_headers =
    "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Paydesk-Account";
constexpr std::string_view exposed_headers = "Retry-After, Idempotent-Replayed, X-Request-Id";

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '[' ||
           c == ']' || c == ':';
}

}  // namespace

Result<std::string> parse_origin(std::string_view text) {
    const Error refusal{ErrorCode::invalid_input,
                        "\"" + std::string(text) +
                            "\" is not an origin: write a scheme, a host and, if it is not the "
                            "default, a port, such as https://app.example.com."};
    std::string origin(text);
    for (char& c : origin) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    const bool secure = origin.starts_with("https://");
    if (!secure && !origin.starts_with("http://")) return refusal;
    const std::string_view host = std::string_view(origin).substr(secure ? 8 : 7);
    if (host.empty() || host.front() == ':' || !std::ranges::all_of(host, is_host_character))
        return refusal;
    const std::string_view default_port = secure ? ":443" : ":80";
    if (host.ends_with(default_port)) origin.resize(origin.size() - default_port.size());
    return origin;
}

Cors::Cors(std::vector<std::string> allowed_origins)
    : allowed_origins_(std::move(allowed_origins)) {}

bool Cors::allows(std::string_view origin) const {
    return std::ranges::find(allowed_origins_, origin) != allowed_origins_.end();
}

bool Cors::is_preflight(const Request& request) {
    return request.method == "OPTIONS" && request.headers.contains("Origin") &&
           request.headers.contains("Access-Control-Request-Method");
}

void Cors::apply(const Request& request, Response& response) const {
    const std::string vary(response.headers.get("Vary"));
    response.headers.set("Vary", vary.empty() ? "Origin" : vary + ", Origin");
    const std::string_view origin = request.headers.get("Origin");
    if (origin.empty() || !allows(origin)) return;
    response.headers.set("Access-Control-Allow-Origin", std::string(origin));
    response.headers.set("Access-Control-Expose-Headers", std::string(exposed_headers));
    if (!is_preflight(request)) return;
    response.headers.set("Access-Control-Allow-Methods",
                         std::string(response.headers.get("Allow")));
    response.headers.set("Access-Control-Allow-Headers", std::string(allowed_headers));
    response.headers.set("Access-Control-Max-Age", std::to_string(cors_preflight_seconds));
}

}  // namespace paydesk::http
