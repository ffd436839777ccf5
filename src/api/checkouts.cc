// POST /api/stripe/create-checkout, POST /api/create-checkout, GET /api/checkout/{sessionId}
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/subscription_json.h"
#include "base/json.h"
#include "billing/checkout_flow.h"
#include "billing/portal_flow.h"
#include "billing/read_billing.h"

namespace paydesk::api {
namespace {

constexpr std::size_t id_bytes_max = 255;

Task<http::Response> already_subscribed(const Services& services, AccountId account, Error error) {
    // The portal is a kindness: without it the refusal stands all the same.
    const auto portal = co_await billing::create_portal(services.flows, account, std::nullopt,
                                                        provider::PortalFlow::home);
    co_return portal ? refusal_with(error, "portal_url", *portal) : refusal(error);
}

Task<http::Response> create(const Services& services, const http::Request& request, Caller caller) {
    if (caller.is_anonymous && !services.allow_anonymous_checkout) {
        co_return refusal({ErrorCode::forbidden, "Anonymous users cannot buy: sign up first."});
    }
    BodyFields body(request.body);
    billing::CheckoutWish wish;
    wish.buyer = {caller.account, caller.email, {}};
    if (body.choice("provider", {"stripe", "paypal"}) == "paypal") {
        wish.provider = provider::Name::paypal;
    }
    wish.plan = body.text("planId", id_bytes_max);
    wish.price = body.text("priceId", id_bytes_max);
    wish.billing_cycle = body.choice("billingCycle", {"monthly", "yearly"});
    const auto plan_type = body.choice("planType", {"monthly", "yearly"});
    wish.mode = body.choice("mode", {"subscription", "payment"});
    wish.quantity = body.integer("quantity", 1, billing::checkout_quantity_max).value_or(1);
    wish.promotion_code = body.text("promotionCode", id_bytes_max);
    wish.success_url = body.text("successUrl", billing::return_url_bytes_max);
    wish.cancel_url = body.text("cancelUrl", billing::return_url_bytes_max);
    if (wish.billing_cycle && plan_type && *wish.billing_cycle != *plan_type) {
        body.wrong("planType", "says something else than billingCycle; send one of them.");
    }
    if (auto refused = body.refused()) co_return *refused;
    if (!wish.plan && !wish.price) {
        co_return field_problem({
            {"planId", "is missing: a plan's key (or send priceId)."}
        });
    }
    if (!wish.billing_cycle) wish.billing_cycle = plan_type;

    const auto session = co_await billing::create_checkout(services.flows, std::move(wish));
    if (session) {
        co_return http::json_response(
            200, {
                     {"sessionId", session->session_id},
                     {"url",       session->url       }
        });
    }
    if (session.error().code == ErrorCode::subscription_exists) {
        co_return co_await already_subscribed(services, caller.account, session.error());
    }
    co_return refusal(session.error());
}

// What the success page waits for: the webhook's fact, not the browser's return. A completed checkout of
// a plan is complete for people once its subscription is there too.
std::string_view shown_status(std::string_view status, bool wants_subscription,
                              bool has_subscription, std::optional<Instant> expires_at,
                              Instant now) {
    if (status == "complete")
        return wants_subscription && !has_subscription ? "pending" : "complete";
    if (status == "processing" || status == "failed") return status;
    if (status == "expired" || status == "abandoned") return "expired";
    return expires_at && *expires_at < now ? "expired" : "pending";
}

Task<http::Response> get(const Services& services, const http::Request& request, Caller caller) {
    const std::string session = request.params.at("sessionId");
    const db::Rows rows = co_await services.db.run_as(caller.identity(), billing::read_checkout,
                                                      {caller.account.value, session});
    if (rows.empty()) co_return refusal({ErrorCode::not_found, "You have no such checkout."});

    const bool wants_subscription = rows.text(0, "mode") == "subscription";
    json::value subscription;
    if (wants_subscription && rows.text(0, "status") == "complete") {
        const db::Rows newest = co_await services.db.run_as(
            caller.identity(), billing::read_newest_subscription,
            {caller.account.value, std::string(rows.text(0, "plan_family"))});
        if (!newest.empty()) subscription = subscription_json(services, newest, 0);
    }
    const auto status =
        shown_status(rows.text(0, "status"), wants_subscription, !subscription.is_null(),
                     rows.optional_instant(0, "expires_at"), services.clock.now());
    json::value session_id;
    if (const auto id = rows.optional_text(0, "provider_checkout_id")) session_id = *id;
    co_return http::json_response(200, {
                                           {"session_id", std::move(session_id)},
                                           {"status", status},
                                           {"mode", json::string(rows.text(0, "mode"))},
                                           {"plan_key", json::string(rows.text(0, "plan_key"))},
                                           {"subscription", std::move(subscription)}
    });
}

}  // namespace

void add_checkout_routes(http::Router& router, const Services& services) {
    const auto start =
        for_user_once(services, [&services](const http::Request& request, Caller caller) {
            return create(services, request, std::move(caller));
        });
    router.on("POST /api/stripe/create-checkout", start);
    router.on("POST /api/create-checkout", start);
    router.on("GET /api/checkout/{sessionId}",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return get(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
