#include "api/loopback.h"

namespace paydesk::api {

bool is_from_this_machine(const http::Request& request) {
    const std::string& peer = request.remote_address;
    const bool loopback =
        peer.starts_with("127.") || peer == "::1" || peer.starts_with("::ffff:127.");
    return loopback && !request.headers.contains("X-Forwarded-For") &&
           !request.headers.contains("Forwarded") && !request.headers.contains("X-Real-IP");
}

bool is_addressed_to_this_machine(const http::Request& request) {
    std::string_view host = request.headers.get("Host");
    if (host.starts_with("[::1]")) return true;
    host = host.substr(0, host.find(':'));
    return http::equal_ignoring_case(host, "localhost") || host == "127.0.0.1";
}

}  // namespace paydesk::api
