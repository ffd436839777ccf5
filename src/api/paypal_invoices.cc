// POST /api/paypal/pay-invoice
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "billing/invoice_order_flow.h"

namespace paydesk::api {
namespace {

constexpr std::size_t id_bytes_max = 255;

Task<http::Response> pay_invoice(const Services& services, const http::Request& request,
                                 Caller caller) {
    BodyFields body(request.body);
    const auto invoice = body.text("invoiceId", id_bytes_max);
    const auto success_url = body.text("successUrl", billing::return_url_bytes_max);
    const auto cancel_url = body.text("cancelUrl", billing::return_url_bytes_max);
    if (!body.has("invoiceId")) body.wrong("invoiceId", "is missing.");
    if (auto refused = body.refused()) co_return *refused;

    const auto order = co_await billing::order_invoice(
        services.flows, {
                            .buyer = {caller.account, caller.email, {}},
                            .invoice = *invoice,
                            .success_url = success_url,
                            .cancel_url = cancel_url
    });
    if (!order) co_return refusal(order.error());
    co_return http::json_response(
        200, {
                 {"orderId",     order->session_id},
                 {"approvalUrl", order->url       },
                 {"status",      "open"           }
    });
}

}  // namespace

void add_paypal_invoice_routes(http::Router& router, const Services& services) {
    router.on("POST /api/paypal/pay-invoice",
              for_user_once(services, [&services](const http::Request& request, Caller caller) {
                  return pay_invoice(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
