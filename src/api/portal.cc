// POST /api/stripe/create-portal
#include "billing/portal_flow.h"

#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

Task<http::Response> create(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto return_url = body.text("returnUrl", billing::return_url_bytes_max);
    const auto name = body.choice("flow", {"home", "payment_method_update", "subscription_cancel"})
                          .value_or("home");
    if (auto refused = body.refused()) co_return *refused;

    const auto flow = name == "payment_method_update" ? provider::PortalFlow::payment_method_update
                      : name == "subscription_cancel" ? provider::PortalFlow::subscription_cancel
                                                      : provider::PortalFlow::home;
    const auto url =
        co_await billing::create_portal(services.flows, caller.account, return_url, flow);
    if (!url) co_return refusal(url.error());
    co_return http::json_response(200, {
                                           {"url", *url}
    });
}

}  // namespace

void add_portal_routes(http::Router& router, const Services& services) {
    router.on("POST /api/stripe/create-portal",
              for_user_once(services, [&services](const http::Request& request, Caller caller) {
                  return create(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
