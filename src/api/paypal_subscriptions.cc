// POST /api/paypal/create-subscription, cancel-, suspend-, reactivate-subscription;
// GET /api/paypal/subscriptions/{id}
//
// PayPal under the names of its own clients: the same flows, rows and refusals as every other provider's.
#include "api/admin_store.h"
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/subscription_json.h"
#include "base/json.h"
#include "billing/ask_flow.h"
#include "billing/cancel_flow.h"
#include "billing/change_flow.h"
#include "billing/checkout_flow.h"
#include "billing/read_billing.h"
#include "catalog/plan_store.h"

namespace paydesk::api {
namespace {

constexpr std::size_t id_bytes_max = 255;
constexpr std::size_t reason_bytes_max = 120;  // of PayPal's 128, with our own word before it

// "pro_monthly" is plan "pro", billed monthly, unless the catalogue has a plan of that very name.
Task<> split_plan_key(const Services& services, billing::CheckoutWish& wish) {
    if (!wish.plan || wish.billing_cycle) co_return;
    for (const std::string cycle : {"monthly", "yearly"}) {
        if (!wish.plan->ends_with("_" + cycle)) continue;
        if (co_await catalog::plan_store::is_active_plan(services.db, *wish.plan)) co_return;
        wish.plan->resize(wish.plan->size() - cycle.size() - 1);
        wish.billing_cycle = cycle;
        co_return;
    }
}

Task<http::Response> create_subscription(const Services& services, const http::Request& request,
                                         Caller caller) {
    if (caller.is_anonymous && !services.allow_anonymous_checkout) {
        co_return refusal({ErrorCode::forbidden, "Anonymous users cannot buy: sign up first."});
    }
    BodyFields body(request.body);
    billing::CheckoutWish wish;
    wish.buyer = {caller.account, caller.email, {}};
    wish.provider = provider::Name::paypal;
    wish.plan = body.text("planId", id_bytes_max);
    wish.billing_cycle = body.choice("billingCycle", {"monthly", "yearly"});
    wish.mode = "subscription";
    wish.quantity = body.integer("quantity", 1, billing::checkout_quantity_max).value_or(1);
    wish.success_url = body.text("successUrl", billing::return_url_bytes_max);
    wish.cancel_url = body.text("cancelUrl", billing::return_url_bytes_max);
    if (!body.has("planId")) body.wrong("planId", "is missing: a plan's key.");
    if (auto refused = body.refused()) co_return *refused;
    co_await split_plan_key(services, wish);

    const auto session = co_await billing::create_checkout(services.flows, std::move(wish));
    if (!session) co_return refusal(session.error());
    co_return http::json_response(200, {
                                           {"subscriptionId", session->session_id},
                                           {"approvalUrl",    session->url       },
                                           {"status",         "open"             }
    });
}

Error no_such_subscription() {
    return {ErrorCode::not_found, "You have no such PayPal subscription."};
}

// The caller's row of a PayPal subscription, by our id or PayPal's.
Task<Result<db::Rows>> find_subscription(const Services& services, const Caller& caller,
                                         std::string id) {
    db::Rows rows = co_await services.db.run_as(caller.identity(), billing::read_subscription,
                                                {caller.account.value, std::move(id)});
    if (rows.empty() || rows.text(0, "provider") != "paypal") co_return no_such_subscription();
    co_return rows;
}

json::object subscription_body(const Services& services, const db::Rows& rows) {
    return {
        {"subscriptionId", json::string(rows.text(0, "paypal_subscription_id"))},
        {"status", json::string(rows.text(0, "status"))},
        {"subscription", subscription_json(services, rows, 0)}
    };
}

Task<http::Response> show_subscription(const Services& services, Caller caller, std::string id) {
    const auto rows = co_await find_subscription(services, caller, std::move(id));
    if (!rows) co_return refusal(rows.error());
    json::object shown = subscription_body(services, *rows);
    shown["success"] = true;
    co_return http::json_response(200, std::move(shown));
}

// What cancel, suspend and reactivate have in common.
struct SubscriptionWish {
    std::string subscription;
    std::optional<std::string> reason;
};

// Why it was done is kept with who did it.
Task<> note_reason(const Services& services, const Caller& caller, std::string action,
                   SubscriptionWish wish) {
    if (!wish.reason) co_return;
    const json::object details{
        {"subscription", wish.subscription},
        {"reason",       *wish.reason     }
    };
    const std::string actor = caller.is_service ? "service" : "user:" + caller.account.value;
    co_await services.db.run(admin_store::audit,
                             {caller.account.value, actor, std::move(action), storable(details)});
}

using Work = Task<Result<void>> (*)(const Services& services, const Caller& caller,
                                    SubscriptionWish wish);

Task<Result<void>> cancel(const Services& services, const Caller& caller, SubscriptionWish wish) {
    const auto done =
        co_await billing::cancel_subscription(services.flows, {caller.account,
                                                               wish.subscription,
                                                               provider::CancelWhen::period_end,
                                                               {.comment = wish.reason}});
    if (!done) co_return done.error();
    co_return Result<void>{};
}

Task<Result<void>> suspend(const Services& services, const Caller& caller, SubscriptionWish wish) {
    const auto done =
        co_await billing::pause_subscription(services.flows, caller.account, wish.subscription);
    if (!done) co_return done.error();
    co_await note_reason(services, caller, "subscription.suspend", std::move(wish));
    co_return Result<void>{};
}

Task<Result<void>> reactivate(const Services& services, const Caller& caller,
                              SubscriptionWish wish) {
    const auto done =
        co_await billing::resume_subscription(services.flows, caller.account, wish.subscription);
    if (!done) co_return done.error();
    co_await note_reason(services, caller, "subscription.reactivate", std::move(wish));
    co_return Result<void>{};
}

Task<http::Response> act(const Services& services, const http::Request& request, Caller caller,
                         Work work) {
    BodyFields body(request.body);
    const auto id = body.text("subscriptionId", id_bytes_max);
    const auto reason = body.text("reason", reason_bytes_max);
    if (!body.has("subscriptionId")) body.wrong("subscriptionId", "is missing.");
    if (auto refused = body.refused()) co_return *refused;
    const auto rows = co_await find_subscription(services, caller, *id);
    if (!rows) co_return refusal(rows.error());
    const auto done = co_await work(services, caller, {*id, reason});
    if (!done) co_return refusal(done.error());
    co_return co_await show_subscription(services, std::move(caller), *id);
}

Task<http::Response> get_subscription(const Services& services, const http::Request& request,
                                      Caller caller) {
    const std::string id = request.params.at("id");
    const auto rows = co_await find_subscription(services, caller, id);
    if (!rows) co_return refusal(rows.error());
    if (const auto allowed = services.within_limits(request, &caller); !allowed) {
        co_return refusal(allowed.error());
    }
    // Where PayPal does not answer, our rows are the answer.
    if (const billing::Flow* flow = services.flows.find(provider::Name::paypal)) {
        (void)co_await billing::ask(*flow, provider::ObjectKind::subscription,
                                    {std::string(rows->text(0, "paypal_subscription_id"))});
    }
    const auto now = co_await find_subscription(services, caller, id);
    if (!now) co_return refusal(now.error());
    co_return http::json_response(200, subscription_body(services, *now));
}

}  // namespace

void add_paypal_subscription_routes(http::Router& router, const Services& services) {
    const auto acting = [&services](Work work) {
        return for_user_once(services,
                             [&services, work](const http::Request& request, Caller caller) {
                                 return act(services, request, std::move(caller), work);
                             });
    };
    router.on("POST /api/paypal/create-subscription",
              for_user_once(services, [&services](const http::Request& request, Caller caller) {
                  return create_subscription(services, request, std::move(caller));
              }));
    router.on("POST /api/paypal/cancel-subscription", acting(cancel));
    router.on("POST /api/paypal/suspend-subscription", acting(suspend));
    router.on("POST /api/paypal/reactivate-subscription", acting(reactivate));
    router.on("GET /api/paypal/subscriptions/{id}",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return get_subscription(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
