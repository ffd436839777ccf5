// POST /api/admin/paypal/poll
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "billing/poll_flow.h"

namespace paydesk::api {
namespace {

constexpr std::int64_t objects_max =
    1'000;  // of one request: it is answered when all have been asked about

Task<http::Response> poll(const Services& services, const http::Request& request) {
    BodyFields body(request.body);
    billing::PollOptions options;
    options.all = body.flag("all").value_or(false);
    options.objects_max =
        body.integer("objects", 1, objects_max).value_or(billing::paypal_poll_objects_default);
    if (auto refused = body.refused()) co_return *refused;
    const auto flow = services.flows.of(provider::Name::paypal);
    if (!flow) co_return refusal(flow.error());
    const auto polled = co_await billing::poll(**flow, options);
    if (!polled) co_return refusal(polled.error());
    co_return http::json_response(200, {
                                           {"asked",   polled->asked  },
                                           {"refused", polled->refused}
    });
}

}  // namespace

void add_admin_paypal_routes(http::Router& router, const Services& services) {
    router.on("POST /api/admin/paypal/poll",
              for_admin_once(services, [&services](const http::Request& request, Caller) {
                  return poll(services, request);
              }));
}

}  // namespace paydesk::api
