// POST /api/webhooks/stripe, /api/webhooks/paypal
#include "api/problem.h"
#include "api/routes.h"
#include "base/json.h"
#include "webhook/receiver.h"

namespace paydesk::api {
namespace {

Task<http::Response> receive(const Services& services, provider::Name name,
                             const http::Request& request) {
    const auto received = co_await services.receiver.receive(
        {.provider = name,
         .header = [&request](std::string_view name) { return request.headers.get(name); },
         .body = request.body,
         .received_at = services.clock.now()});
    if (received)
        co_return http::json_response(200, {
                                               {"received", true}
        });
    auto response = refusal(received.error());
    if (received.error().code == ErrorCode::unavailable) {
        response.headers.set("Retry-After", std::to_string(webhook::retry_after.count()));
    }
    co_return response;
}

}  // namespace

void add_webhook_routes(http::Router& router, const Services& services) {
    router.on("POST /api/webhooks/stripe", [&services](const http::Request& request) {
        return receive(services, provider::Name::stripe, request);
    });
    router.on("POST /api/webhooks/paypal", [&services](const http::Request& request) {
        return receive(services, provider::Name::paypal, request);
    });
}

}  // namespace paydesk::api
