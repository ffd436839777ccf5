// GET /api/admin/disputes, GET /api/admin/notifications
#include "api/call.h"
#include "api/fields.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "billing/read_billing.h"
#include "billing/read_money.h"

namespace paydesk::api {
namespace {

constexpr std::int64_t page_rows_default = 20;

using enum ColumnKind;
constexpr Column dispute_columns[] = {
    {"id",                text   },
    {"account_id",        text   },
    {"payment_id",        text   },
    {"provider",          text   },
    {"stripe_dispute_id", text   },
    {"stripe_charge_id",  text   },
    {"amount",            integer},
    {"currency",          text   },
    {"status",            text   },
    {"reason",            text   },
    {"evidence_due_by",   instant},
    {"closed_at",         instant},
    {"created_at",        instant},
    {"updated_at",        instant},
};
constexpr Column notification_columns[] = {
    {"id",         text   },
    {"type",       text   },
    {"title",      text   },
    {"message",    text   },
    {"metadata",   json   },
    {"created_at", instant},
};

Task<http::Response> list(const Services& services, const http::Request& request,
                          db::Statement statement, std::span<const Column> columns,
                          std::string_view name) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, billing::page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    if (auto refused = query.refused()) co_return *refused;
    const db::Rows rows = co_await services.db.run(statement, {db::param(limit + 1), after});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array list;
    for (std::size_t row = 0; row < shown; ++row) list.push_back(to_json(rows, row, columns));
    json::object body;
    body[name] = std::move(list);
    body["has_more"] = rows.size() > shown;
    co_return http::json_response(200, body);
}

}  // namespace

void add_admin_routes(http::Router& router, const Services& services) {
    router.on("GET /api/admin/disputes",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return list(services, request, billing::read_disputes, dispute_columns,
                              "disputes");
              }));
    router.on("GET /api/admin/notifications",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return list(services, request, billing::read_operator_notifications,
                              notification_columns, "notifications");
              }));
}

}  // namespace paydesk::api
