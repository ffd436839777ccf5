#include "http/security_headers.h"

#include "base/assert.h"

namespace paydesk::http {

namespace {

std::string sources(std::string first, std::span<const std::string> hosts) {
    for (const std::string& host : hosts) {
        PD_ASSERT(!host.empty() && host.find_first_of(" ;,\r\n'\"") == host.npos);
        first += " " + host;
    }
    return first;
}

}  // namespace

Headers page_security_headers(std::span<const std::string> connect_hosts,
                              std::span<const std::string> image_hosts) {
    const std::string policy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src " +
        sources("'self' data:", image_hosts) + "; font-src 'self'; connect-src " +
        sources("'self'", connect_hosts) +
        "; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    return {
        {"Content-Security-Policy",      policy                                    },
        {"X-Content-Type-Options",       "nosniff"                                 },
        {"X-Frame-Options",              "DENY"                                    },
        {"Referrer-Policy",              "strict-origin-when-cross-origin"         },
        {"Permissions-Policy",           "camera=(), microphone=(), geolocation=()"},
        {"Cross-Origin-Opener-Policy",   "same-origin-allow-popups"                },
        {"Cross-Origin-Resource-Policy", "same-origin"                             },
    };
}

Headers api_security_headers() {
    return {
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options",  "nosniff"                                   },
        {"Referrer-Policy",         "no-referrer"                               },
        {"Cache-Control",           "no-store"                                  },
    };
}

void add_missing(Response& response, const Headers& headers) {
    for (const auto& [name, value] : headers) {
        if (!response.headers.contains(name)) response.headers.add(name, value);
    }
}

}  // namespace paydesk::http
