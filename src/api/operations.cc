// GET /healthz, /readyz, /metrics, /openapi.yaml
#include "api/loopback.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/json.h"
#include "base/metrics.h"

namespace paydesk::api {
namespace {

constexpr db::Statement ping{"readyz", "select 1 as one"};

http::Response healthy() {
    return http::json_response(200, {
                                        {"status",  "ok"           },
                                        {"version", PAYDESK_VERSION}
    });
}

Task<http::Response> ready(const Services& services) {
    if (!services.db.is_up())
        co_return refusal({ErrorCode::unavailable, "Postgres does not answer."});
    co_await services.db.run(ping);
    co_return healthy();
}

Task<http::Response> show_metrics(const Services& services, const http::Request& request) {
    if (!is_from_this_machine(request) && !co_await services.is_service(request)) {
        co_return refusal(
            {ErrorCode::forbidden, "Metrics are for this machine and for the service key."});
    }
    co_return http::Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                             .body = metrics::exposition()};
}

}  // namespace

void add_operation_routes(http::Router& router, const Services& services) {
    router.on("GET /healthz",
              [](const http::Request&) -> Task<http::Response> { co_return healthy(); });
    router.on("GET /readyz", [&services](const http::Request&) { return ready(services); });
    router.on("GET /metrics", [&services](const http::Request& request) {
        return show_metrics(services, request);
    });
    router.on("GET /openapi.yaml", [&services](const http::Request&) -> Task<http::Response> {
        co_return http::Response{.content_type = "application/yaml", .body = services.openapi_yaml};
    });
}

}  // namespace paydesk::api
