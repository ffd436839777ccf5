// POST /api/admin/credits/grants
#include "api/call.h"
#include "api/credit_json.h"
#include "api/fields.h"
#include "api/idempotency.h"
#include "api/live.h"
#include "api/problem.h"
#include "api/routes.h"
#include "base/json.h"
#include "credits/admin_grant.h"

namespace paydesk::api {
namespace {

constexpr std::size_t reason_bytes_max = 500;

std::optional<Instant> instant_of(BodyFields& body, std::string_view field) {
    const auto text = body.text(field, 40);
    if (!text) return std::nullopt;
    const auto instant = parse_iso8601(*text);
    if (!instant) {
        body.wrong(field, instant.error().message);
        return std::nullopt;
    }
    return *instant;
}

Task<http::Response> grant(const Services& services, const http::Request& request, Caller caller) {
    if (!caller.is_admin && !caller.is_service) {
        co_return refusal({ErrorCode::forbidden, "Only an admin grants credits."});
    }
    const Instant now = services.clock.now();
    BodyFields body(request.body);
    const auto account = body.uuid("accountId");
    const auto amount = body.integer("amount", 1, credits::amount_max);
    const auto reason = body.text("reason", reason_bytes_max);
    const auto priority = body.integer("priority", 0, 100);
    const auto effective_at = instant_of(body, "effectiveAt").value_or(now);
    const auto expires_at = instant_of(body, "expiresAt").value_or(credits::never);
    for (const std::string_view field : {"accountId", "amount", "reason"}) {
        if (!body.has(field)) body.wrong(field, "is missing.");
    }
    if (expires_at <= std::max(effective_at, now))
        body.wrong("expiresAt", "must be in the future, and after effectiveAt.");
    if (auto refused = body.refused()) co_return *refused;

    const auto key = idempotency_key(request);
    const std::string actor =
        caller.is_service ? std::string("service") : "admin:" + caller.account.value;
    const auto granted = co_await credits::grant_by_admin(
        services.db,
        {.account = {*account},
         .amount = *amount,
         .reason = *reason,
         .priority = static_cast<std::int32_t>(priority.value_or(credits::priority_admin)),
         .effective_at = effective_at,
         .expires_at = expires_at,
         .actor = actor,
         .intent = key && *key ? **key : uuid_v7(now)},
        now);
    services.live.wake(*account);
    co_return http::json_response(200, {
                                           {"grant", bucket_json(granted)}
    });
}

}  // namespace

void add_admin_credit_routes(http::Router& router, const Services& services) {
    router.on("POST /api/admin/credits/grants",
              for_user_once(services, [&services](const http::Request& request, Caller caller) {
                  return grant(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
