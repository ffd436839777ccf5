// GET /api/payments
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "billing/read_billing.h"
#include "billing/read_money.h"

namespace paydesk::api {
namespace {

constexpr std::int64_t page_rows_default = 20;

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",                       text   },
    {"user_id",                  text   },
    {"provider",                 text   },
    {"status",                   text   },
    {"amount",                   integer},
    {"amount_refunded",          integer},
    {"currency",                 text   },
    {"description",              text   },
    {"receipt_url",              text   },
    {"failure_message",          text   },
    {"stripe_payment_intent_id", text   },
    {"stripe_charge_id",         text   },
    {"stripe_invoice_id",        text   },
    {"created_at",               instant},
};

Task<http::Response> list(const Services& services, const http::Request& request, Caller caller) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, billing::page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    if (auto refused = query.refused()) co_return *refused;

    const auto identity = caller.identity();
    if (after) {
        const db::Rows there = co_await services.db.run_as(identity, billing::read_payment_exists,
                                                           {caller.account.value, *after});
        if (there.empty())
            co_return refusal({ErrorCode::not_found, "starting_after: you have no such payment."});
    }
    // One more than asked for tells whether there are more.
    const db::Rows rows = co_await services.db.run_as(
        identity, billing::read_payments, {caller.account.value, db::param(limit + 1), after});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array payments;
    for (std::size_t row = 0; row < shown; ++row) payments.push_back(to_json(rows, row, columns));
    co_return http::json_response(
        200, {
                 {"payments", std::move(payments)},
                 {"has_more", rows.size() > shown}
    });
}

}  // namespace

void add_payment_routes(http::Router& router, const Services& services) {
    router.on("GET /api/payments",
              for_user(services, [&services](const http::Request& request, Caller caller) {
                  return list(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
