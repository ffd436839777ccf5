// POST, GET /api/admin/refunds
#include <limits>

#include "api/call.h"
#include "api/fields.h"
#include "api/idempotency.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/assert.h"
#include "base/json.h"
#include "billing/read_billing.h"
#include "billing/read_money.h"
#include "billing/refund_flow.h"

namespace paydesk::api {
namespace {

constexpr std::int64_t page_rows_default = 20;
constexpr std::size_t note_bytes_max = 1'000;
constexpr std::size_t capture_bytes_max = 255;

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",               text   },
    {"account_id",       text   },
    {"payment_id",       text   },
    {"provider",         text   },
    {"stripe_refund_id", text   },
    {"stripe_charge_id", text   },
    {"amount",           integer},
    {"currency",         text   },
    {"status",           text   },
    {"reason",           text   },
    {"note",             text   },
    {"failure_reason",   text   },
    {"actor",            text   },
    {"created_at",       instant},
    {"updated_at",       instant},
};

Task<http::Response> create(const Services& services, const http::Request& request, Caller caller) {
    BodyFields body(request.body);
    auto payment = body.uuid("paymentId");
    const auto capture = body.text("captureId", capture_bytes_max);
    const auto amount = body.integer("amount", 1, std::numeric_limits<std::int64_t>::max());
    const auto reason = body.choice("reason", {"requested_by_customer", "duplicate", "fraudulent"});
    const auto note = body.text("note", note_bytes_max);
    if (body.has("paymentId") == body.has("captureId")) {
        body.wrong("paymentId", payment ? "and captureId: send one of them."
                                        : "is missing: the `id` of a payment (or send captureId).");
    }
    if (auto refused = body.refused()) co_return *refused;
    if (capture) {
        const db::Rows rows =
            co_await services.db.run(billing::read_payment_of_capture, {*capture});
        if (rows.empty()) co_return refusal({ErrorCode::not_found, "There is no such payment."});
        payment = std::string(rows.text(0, "id"));
    }
    const auto key = idempotency_key(request);
    const auto made =
        co_await billing::refund_payment(services.flows, {.payment = *payment,
                                                          .amount = amount,
                                                          .reason = reason,
                                                          .note = note,
                                                          .actor = actor_of(caller),
                                                          .key = key ? *key : std::nullopt});
    if (!made) co_return refusal(made.error());

    const db::Rows rows =
        co_await services.db.run(billing::read_refund, {made->account.value, made->id});
    PD_ASSERT(!rows.empty());  // refunds are never deleted
    co_return http::json_response(201, {
                                           {"refund", to_json(rows, 0, columns)}
    });
}

Task<http::Response> list(const Services& services, const http::Request& request) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, billing::page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    const auto payment = query.uuid("payment_id");
    if (auto refused = query.refused()) co_return *refused;
    const db::Rows rows =
        co_await services.db.run(billing::read_refunds, {db::param(limit + 1), after, payment});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array refunds;
    for (std::size_t row = 0; row < shown; ++row) refunds.push_back(to_json(rows, row, columns));
    co_return http::json_response(
        200, {
                 {"refunds",  std::move(refunds) },
                 {"has_more", rows.size() > shown}
    });
}

}  // namespace

void add_admin_refund_routes(http::Router& router, const Services& services) {
    router.on("POST /api/admin/refunds",
              for_admin_once(services, [&services](const http::Request& request, Caller caller) {
                  return create(services, request, std::move(caller));
              }));
    router.on("GET /api/admin/refunds",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return list(services, request);
              }));
}

}  // namespace paydesk::api
