// GET /api/stripe/get-subscription, POST /api/stripe/cancel-subscription
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "api/subscription_json.h"
#include "base/assert.h"
#include "base/json.h"
#include "billing/access.h"
#include "billing/cancel_flow.h"
#include "billing/read_billing.h"

namespace paydesk::api {
namespace {

constexpr std::size_t comment_bytes_max = 1'000;
// Stripe: cancellation_details.feedback.
constexpr std::initializer_list<std::string_view> cancel_feedbacks = {
    "customer_service", "low_quality", "missing_features", "other",
    "switched_service", "too_complex", "too_expensive",    "unused"};

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",                     text   },
    {"user_id",                text   },
    {"provider",               text   },
    {"stripe_subscription_id", text   },
    {"stripe_customer_id",     text   },
    {"paypal_subscription_id", text   },
    {"status",                 text   },
    {"price_id",               text   },
    {"quantity",               integer},
    {"cancel_at_period_end",   flag   },
    {"cancel_at",              instant},
    {"current_period_start",   instant},
    {"current_period_end",     instant},
    {"canceled_at",            instant},
    {"ended_at",               instant},
    {"trial_start",            instant},
    {"trial_end",              instant},
    {"plan_key",               text   },
    {"plan_name",              text   },
    {"plan_type",              text   },
    {"amount",                 integer},
    {"currency",               text   },
    {"cancel_reason",          text   },
    {"cancel_feedback",        text   },
    {"cancel_comment",         text   },
    {"scheduled_change",       json   },
    {"created_at",             instant},
    {"updated_at",             instant},
};

Task<http::Response> get_subscription(const Services& services, Caller caller) {
    const db::Rows rows = co_await services.db.run_as(
        caller.identity(), billing::read_current_subscription, {caller.account.value});
    json::value subscription;
    if (!rows.empty()) subscription = subscription_json(services, rows, 0);
    co_return http::json_response(200, {
                                           {"subscription", std::move(subscription)}
    });
}

Result<provider::CancelWhen> when_of(std::optional<bool> at_period_end, bool immediately) {
    if (immediately && at_period_end == false) {
        return Error{ErrorCode::invalid_input,
                     "immediately and cancelAtPeriodEnd: false contradict each other."};
    }
    if (immediately) return provider::CancelWhen::now;
    if (!at_period_end) {
        return Error{ErrorCode::invalid_input,
                     "is missing: true cancels at the period's end, false resumes."};
    }
    return *at_period_end ? provider::CancelWhen::period_end : provider::CancelWhen::never;
}

Task<http::Response> cancel(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    const auto subscription = body.text("subscriptionId", 255);
    const auto at_period_end = body.flag("cancelAtPeriodEnd");
    const bool immediately = body.flag("immediately").value_or(false);
    const auto when = when_of(at_period_end, immediately);
    provider::CancelDetails details{.feedback = body.choice("feedback", cancel_feedbacks),
                                    .comment = body.lines("comment", comment_bytes_max)};
    if ((details.feedback || details.comment) && when && *when == provider::CancelWhen::never) {
        body.wrong(details.feedback ? "feedback" : "comment", "is for who leaves, not who stays.");
    }
    if (auto refused = body.refused()) co_return *refused;
    if (!subscription)
        co_return field_problem({
            {"subscriptionId", "is missing."}
        });
    if (!when)
        co_return field_problem({
            {"cancelAtPeriodEnd", when.error().message}
        });

    const auto cancelled = co_await billing::cancel_subscription(
        services.flows, {caller.account, *subscription, *when, std::move(details)});
    if (!cancelled) co_return refusal(cancelled.error());

    const db::Rows rows =
        co_await services.db.run_as(caller.identity(), billing::read_subscription,
                                    {caller.account.value, cancelled->subscription_id});
    PD_ASSERT(!rows.empty());  // subscriptions are never deleted
    co_return http::json_response(
        200, {
                 {"success", true},
                 {"subscription", subscription_json(services, rows, 0)}
    });
}

}  // namespace

json::object subscription_json(const Services& services, const db::Rows& rows, std::size_t row) {
    json::object object = to_json(rows, row, columns);
    const auto status = provider::parse_subscription_status(rows.text(row, "status"));
    PD_ASSERT(status.has_value());
    const billing::Access access =
        billing::access_of({.status = *status,
                            .past_due_since = rows.optional_instant(row, "past_due_since"),
                            .current_period_end = rows.optional_instant(row, "current_period_end"),
                            .cancel_at_period_end = rows.boolean(row, "cancel_at_period_end"),
                            .cancel_at = rows.optional_instant(row, "cancel_at")},
                           services.clock.now(), services.past_due_grace);
    object["is_active"] = access.is_active;
    object["cancel_scheduled"] = access.cancel_scheduled;
    object["access_until"] =
        access.until ? json::value(json::string(to_iso8601(*access.until))) : json::value();
    return object;
}

void add_subscription_routes(http::Router& router, const Services& services) {
    router.on("GET /api/stripe/get-subscription",
              for_user(services, [&services](const http::Request&, Caller caller) {
                  return get_subscription(services, std::move(caller));
              }));
    router.on("POST /api/stripe/cancel-subscription",
              for_user_once(services, [&services](const http::Request& request, Caller caller) {
                  return cancel(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
