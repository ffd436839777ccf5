// POST /api/paypal/create-order, capture-order; GET /api/paypal/orders/{id}
//
// PayPal under the names of its own clients: the same flows, rows and refusals as every other provider's.
#include <limits>

#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "billing/ask_flow.h"
#include "billing/capture_flow.h"
#include "billing/checkout_flow.h"
#include "billing/read_billing.h"

namespace paydesk::api {
namespace {

constexpr std::size_t id_bytes_max = 255;
constexpr std::size_t description_bytes_max = 127;  // of a purchase unit, at PayPal

using enum ColumnKind;
constexpr Column order_columns[] = {
    {"orderId",      text   },
    {"checkout_id",  text   },
    {"status",       text   },
    {"approvalUrl",  text   },
    {"plan_key",     text   },
    {"quantity",     integer},
    {"amount",       integer},
    {"currency",     text   },
    {"description",  text   },
    {"captureId",    text   },
    {"payment_id",   text   },
    {"created_at",   instant},
    {"completed_at", instant},
};

Task<http::Response> show_order(const Services& services, Caller caller, std::string id) {
    const db::Rows rows = co_await services.db.run_as(caller.identity(), billing::read_order,
                                                      {caller.account.value, std::move(id)});
    if (rows.empty()) co_return refusal({ErrorCode::not_found, "You have no such order."});
    co_return http::json_response(200, to_json(rows, 0, order_columns));
}

// What only a service may name: what an order costs.
struct NamedAmount {
    std::optional<Money> amount;
    std::string description;
};

NamedAmount read_amount(BodyFields& body, const Caller& caller) {
    NamedAmount named;
    const auto amount = body.integer("amount", 1, std::numeric_limits<std::int64_t>::max());
    const auto code = body.text("currency", 3);
    named.description = body.text("description", description_bytes_max).value_or("");
    for (const char* field : {"amount", "currency", "description"}) {
        if (body.has(field) && !caller.is_service) {
            body.wrong(field,
                       "is for services only: name a planId, whose price the catalogue has.");
        }
    }
    if (body.has("amount") != body.has("currency")) {
        body.wrong(body.has("amount") ? "currency" : "amount",
                   "is missing: amount (in minor units) and currency go together.");
    }
    if (body.has("description") && !body.has("amount")) {
        body.wrong("description", "goes with an amount; a plan has its own.");
    }
    if (body.has("planId") && body.has("amount")) {
        body.wrong("amount", "does not go with planId, which has its price.");
    }
    if (!amount || !code) return named;
    const auto currency = Currency::parse(*code);
    if (!currency) body.wrong("currency", currency.error().message);
    if (currency) named.amount = Money(*amount, *currency);
    return named;
}

Task<http::Response> create_order(const Services& services, const http::Request& request,
                                  Caller caller) {
    if (caller.is_anonymous && !services.allow_anonymous_checkout) {
        co_return refusal({ErrorCode::forbidden, "Anonymous users cannot buy: sign up first."});
    }
    BodyFields body(request.body);
    billing::CheckoutWish wish;
    wish.buyer = {caller.account, caller.email, {}};
    wish.provider = provider::Name::paypal;
    wish.plan = body.text("planId", id_bytes_max);
    wish.mode = "payment";
    wish.quantity = body.integer("quantity", 1, billing::checkout_quantity_max).value_or(1);
    wish.success_url = body.text("successUrl", billing::return_url_bytes_max);
    wish.cancel_url = body.text("cancelUrl", billing::return_url_bytes_max);
    auto named = read_amount(body, caller);
    if (!body.has("planId") && !body.has("amount")) {
        body.wrong("planId", "is missing: the key of a top-up or product.");
    }
    if (auto refused = body.refused()) co_return *refused;
    wish.amount = named.amount;
    wish.description = std::move(named.description);

    const auto session = co_await billing::create_checkout(services.flows, std::move(wish));
    if (!session) co_return refusal(session.error());
    co_return http::json_response(
        200,
        {
            {"orderId",     session->session_id},
            {"approvalUrl", session->url       },
            {"status",      "open"             }
    });
}

Task<http::Response> capture_order(const Services& services, const http::Request& request,
                                   Caller caller) {
    BodyFields body(request.body);
    const auto order = body.text("orderId", id_bytes_max);
    if (!body.has("orderId")) body.wrong("orderId", "is missing.");
    if (auto refused = body.refused()) co_return *refused;
    const auto captured =
        co_await billing::capture_checkout(services.flows, caller.account, *order);
    if (!captured) co_return refusal(captured.error());
    co_return co_await show_order(services, std::move(caller), *captured);
}

Task<http::Response> get_order(const Services& services, const http::Request& request,
                               Caller caller) {
    const std::string id = request.params.at("id");
    const db::Rows rows = co_await services.db.run_as(caller.identity(), billing::read_order,
                                                      {caller.account.value, id});
    if (rows.empty()) co_return refusal({ErrorCode::not_found, "You have no such order."});
    if (const auto allowed = services.within_limits(request, &caller); !allowed) {
        co_return refusal(allowed.error());
    }
    const auto order = rows.optional_text(0, "orderId");
    // Where PayPal does not answer, our rows are the answer.
    const billing::Flow* flow = services.flows.find(provider::Name::paypal);
    if (order && flow != nullptr && rows.text(0, "status") != "complete") {
        (void)co_await billing::ask(*flow, provider::ObjectKind::checkout, {*order});
    }
    co_return co_await show_order(services, std::move(caller), id);
}

}  // namespace

void add_paypal_order_routes(http::Router& router, const Services& services) {
    const auto once = [&services](auto work) {
        return for_user_once(services,
                             [&services, work](const http::Request& request, Caller caller) {
                                 return work(services, request, std::move(caller));
                             });
    };
    router.on("POST /api/paypal/create-order", once(create_order));
    router.on("POST /api/paypal/capture-order", once(capture_order));
    router.on("GET /api/paypal/orders/{id}",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return get_order(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
