// GET /api/subscriptions; PATCH, DELETE /api/subscriptions/{id}; POST .../preview, .../pause, .../resume;
// DELETE .../scheduled-change; POST, DELETE .../promotion-code
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/subscription_json.h"
#include "base/assert.h"
#include "base/json.h"
#include "billing/cancel_flow.h"
#include "billing/change_flow.h"
#include "billing/promotion_flow.h"
#include "billing/read_billing.h"

namespace paydesk::api {
namespace {

constexpr std::size_t id_bytes_max = 255;

json::value instant_json(const std::optional<Instant>& instant) {
    return instant ? json::value(to_iso8601(*instant)) : json::value();
}
json::value text_json(const std::optional<std::string>& text) {
    return text ? json::value(*text) : json::value();
}

Task<http::Response> list(const Services& services, Caller caller) {
    const db::Rows rows = co_await services.db.run_as(
        caller.identity(), billing::read_subscriptions, {caller.account.value});
    json::array subscriptions;
    for (std::size_t row = 0; row < rows.size(); ++row)
        subscriptions.push_back(subscription_json(services, rows, row));
    co_return http::json_response(200, {
                                           {"subscriptions", std::move(subscriptions)}
    });
}

// The subscription as it is now, with what came of the request.
Task<http::Response> show(const Services& services, Caller caller, billing::ChangeDone done) {
    const db::Rows rows = co_await services.db.run_as(caller.identity(), billing::read_subscription,
                                                      {caller.account.value, done.subscription_id});
    PD_ASSERT(!rows.empty());  // subscriptions are never deleted
    co_return http::json_response(200, {
                                           {"success", true},
                                           {"state", billing::to_string(done.state)},
                                           {"hosted_invoice_url", text_json(done.url)},
                                           {"expires_at", instant_json(done.expires_at)},
                                           {"subscription", subscription_json(services, rows, 0)}
    });
}

// What preview and change have in common. Nothing named is wrong.
billing::ChangeWish read_wish(BodyFields& body, const http::Request& request,
                              const Caller& caller) {
    billing::ChangeWish wish{
        .account = caller.account,
        .subscription = request.params.at("id"),
        .plan = body.text("planId", id_bytes_max),
        .price = body.text("priceId", id_bytes_max),
        .billing_cycle = body.choice("billingCycle", {"monthly", "yearly"}),
        .quantity = body.integer("quantity", 1, billing::subscription_quantity_max),
        .proration_date = {},
        .promotion_code = body.text("promotionCode", id_bytes_max)};
    const bool named = body.has("planId") || body.has("priceId") || body.has("billingCycle") ||
                       body.has("quantity");
    if (!named) {
        body.wrong("planId", "is missing: name a planId, billingCycle or quantity to change to.");
    }
    return wish;
}

json::object line_json(const provider::InvoiceLine& line) {
    return {
        {"description",  line.description                                           },
        {"amount",       line.amount.minor_units()                                  },
        {"currency",     line.amount.currency().lower_code()                        },
        {"quantity",     line.quantity ? json::value(*line.quantity) : json::value()},
        {"price_id",     line.price ? json::value(line.price->value) : json::value()},
        {"period_start", instant_json(line.period_start)                            },
        {"period_end",   instant_json(line.period_end)                              },
        {"proration",    line.proration                                             }
    };
}

json::object promotion_json(const provider::PromotionCode& code) {
    return {
        {"code",               code.code                                                              },
        {"name",               code.name                                                              },
        {"percent_off",        text_json(code.percent_off)                                            },
        {"amount_off",         code.amount_off ? json::value(code.amount_off->minor_units()) : nullptr},
        {"currency",
         code.amount_off ? json::value(code.amount_off->currency().lower_code()) : nullptr            },
        {"duration",           code.duration                                                          },
        {"duration_in_months",
         code.duration_in_months ? json::value(*code.duration_in_months) : nullptr                    }
    };
}

json::object preview_json(const billing::PreviewedChange& previewed) {
    const auto& [target, preview] = previewed;
    const auto& now = preview.now;
    json::array lines;
    if (now) {
        for (const auto& line : now->lines) lines.push_back(line_json(line));
    }
    const auto amount = [&](Money provider::InvoiceSnapshot::* member) -> std::int64_t {
        return now ? ((*now).*member).minor_units() : 0;
    };
    return {
        {"subscription_id", target.subscription_id                                               },
        {"when",            target.when == billing::ChangeWhen::period_end ? "period_end" : "now"},
        {"effective_at",    instant_json(target.effective_at)                                    },
        {"plan_key",        target.terms.plan_key                                                },
        {"plan_name",       target.plan_name                                                     },
        {"plan_type",       target.terms.billing_cycle                                           },
        {"price_id",        target.price.value                                                   },
        {"quantity",        target.terms.quantity                                                },
        {"currency",        target.terms.unit_amount.currency().lower_code()                     },
        {"amount_due",      amount(&provider::InvoiceSnapshot::amount_due)                       },
        {"subtotal",        amount(&provider::InvoiceSnapshot::subtotal)                         },
        {"discount",        amount(&provider::InvoiceSnapshot::discount)                         },
        {"tax",             amount(&provider::InvoiceSnapshot::tax)                              },
        {"total",           amount(&provider::InvoiceSnapshot::total)                            },
        {"lines",           std::move(lines)                                                     },
        {"proration_date",  instant_json(preview.proration_date)                                 },
        {"renewal_amount",  preview.renewal.amount.minor_units()                                 },
        {"renews_at",       to_iso8601(preview.renewal.at)                                       },
        {"promotion",
         target.promotion_code ? json::value(promotion_json(*target.promotion_code)) : nullptr   }
    };
}

Task<http::Response> preview(const Services& services, const http::Request& request,
                             Caller caller) {
    BodyFields body(request.body);
    auto wish = read_wish(body, request, caller);
    if (auto refused = body.refused()) co_return *refused;
    const auto previewed = co_await billing::preview_change(services.flows, std::move(wish));
    if (!previewed) co_return refusal(previewed.error());
    co_return http::json_response(200, {
                                           {"preview", preview_json(*previewed)}
    });
}

Task<http::Response> change(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    auto wish = read_wish(body, request, caller);
    if (const auto date = body.text("prorationDate", 64)) {
        const auto parsed = parse_iso8601(*date);
        if (parsed) wish.proration_date = *parsed;
        if (!parsed) body.wrong("prorationDate", "is no RFC 3339 time: " + parsed.error().message);
    }
    if (auto refused = body.refused()) co_return *refused;
    const auto done = co_await billing::change_plan(services.flows, std::move(wish));
    if (!done) co_return refusal(done.error());
    co_return co_await show(services, std::move(caller), *done);
}

// S1: DELETE /api/subscriptions/{id} ends it with the paid period.
Task<http::Response> cancel(const Services& services, const http::Request& request, Caller caller) {
    const auto cancelled = co_await billing::cancel_subscription(
        services.flows,
        {caller.account, request.params.at("id"), provider::CancelWhen::period_end, {}});
    if (!cancelled) co_return refusal(cancelled.error());
    co_return co_await show(services, std::move(caller),
                            {.subscription_id = cancelled->subscription_id});
}

Task<http::Response> apply_code(const Services& services, const http::Request& request,
                                Caller caller) {
    BodyFields body(request.body);
    const auto code = body.text("promotionCode", id_bytes_max);
    if (!body.has("promotionCode")) body.wrong("promotionCode", "is missing.");
    if (auto refused = body.refused()) co_return *refused;
    const auto promoted = co_await billing::apply_promotion(services.flows, caller.account,
                                                            request.params.at("id"), *code);
    if (!promoted) co_return refusal(promoted.error());
    const db::Rows rows =
        co_await services.db.run_as(caller.identity(), billing::read_subscription,
                                    {caller.account.value, promoted->subscription_id});
    PD_ASSERT(!rows.empty());
    co_return http::json_response(200, {
                                           {"success", true},
                                           {"promotion", promotion_json(promoted->code)},
                                           {"subscription", subscription_json(services, rows, 0)}
    });
}

// A use case of an account and a subscription, without a body.
using Plain = Task<Result<billing::ChangeDone>> (*)(const billing::Flows&, AccountId, std::string);

http::Handler plain(const Services& services, Plain work) {
    return for_user_once(
        services,
        [&services, work](const http::Request& request, Caller caller) -> Task<http::Response> {
            if (auto refused = BodyFields(request.body).refused()) co_return *refused;
            const auto done =
                co_await work(services.flows, caller.account, request.params.at("id"));
            if (!done) co_return refusal(done.error());
            co_return co_await show(services, std::move(caller), *done);
        });
}

}  // namespace

void add_change_routes(http::Router& router, const Services& services) {
    const auto once = [&services](auto work) {
        return for_user_once(services,
                             [&services, work](const http::Request& request, Caller caller) {
                                 return work(services, request, std::move(caller));
                             });
    };
    router.on("GET /api/subscriptions",
              for_user(services, [&services](const http::Request&, Caller caller) {
                  return list(services, std::move(caller));
              }));
    router.on("PATCH /api/subscriptions/{id}", once(change));
    router.on("DELETE /api/subscriptions/{id}", once(cancel));
    router.on("POST /api/subscriptions/{id}/preview", once(preview));
    router.on("DELETE /api/subscriptions/{id}/scheduled-change",
              plain(services, billing::cancel_scheduled_change));
    router.on("POST /api/subscriptions/{id}/pause", plain(services, billing::pause_subscription));
    router.on("POST /api/subscriptions/{id}/resume", plain(services, billing::resume_subscription));
    router.on("POST /api/subscriptions/{id}/promotion-code", once(apply_code));
    router.on("DELETE /api/subscriptions/{id}/promotion-code",
              plain(services, billing::remove_promotion));
}

}  // namespace paydesk::api
