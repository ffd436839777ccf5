// GET /api/admin/revenue, GET /api/admin/usage
#include "api/admin_revenue_store.h"
#include "api/call.h"
#include "api/fields.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"

namespace paydesk::api {
namespace {

namespace store = admin_revenue_store;

constexpr std::int64_t months_default = 12, months_max = 36;
constexpr std::int64_t days_default = 30, days_max = 92;

using enum ColumnKind;
constexpr Column month_columns[] = {
    {"month",               text   },
    {"mrr",                 integer},
    {"arr",                 integer},
    {"new_mrr",             integer},
    {"expansion_mrr",       integer},
    {"contraction_mrr",     integer},
    {"churned_mrr",         integer},
    {"subscribers",         integer},
    {"new_subscribers",     integer},
    {"churned_subscribers", integer},
    {"collected",           integer},
    {"payments",            integer},
    {"refunded",            integer},
    {"failed_amount",       integer},
    {"failed_payments",     integer},
};
constexpr Column day_columns[] = {
    {"date",     text   },
    {"quantity", text   },
    {"events",   integer},
    {"accounts", integer},
};

// Rows that are sorted by it become one element for each value of `key`, with their `columns` in `list`.
json::array grouped(const db::Rows& rows, std::span<const Column> group, const char* list,
                    std::span<const Column> columns) {
    json::array groups;
    for (std::size_t row = 0; row < rows.size(); ++row) {
        const char* key = group.front().name;
        if (row == 0 || rows.text(row, key) != rows.text(row - 1, key)) {
            json::object next = to_json(rows, row, group);
            next[list] = json::array();
            groups.push_back(std::move(next));
        }
        groups.back().as_object()[list].as_array().push_back(to_json(rows, row, columns));
    }
    return groups;
}

Task<http::Response> revenue(const Services& services, const http::Request& request) {
    constexpr Column currency[] = {
        {"currency", text}
    };
    QueryFields query(request.query);
    const auto months = query.integer("months", 1, months_max, months_default);
    if (auto refused = query.refused()) co_return *refused;
    const Instant now = services.clock.now();
    const db::Rows rows =
        co_await services.db.run(store::by_month, {db::param(now), db::param(months)});
    co_return http::json_response(
        200, {
                 {"as_of", to_iso8601(now)},
                 {"currencies", grouped(rows, currency, "months", month_columns)}
    });
}

Task<http::Response> usage(const Services& services, const http::Request& request) {
    constexpr Column metric[] = {
        {"metric",      text},
        {"name",        text},
        {"unit",        text},
        {"aggregation", text}
    };
    QueryFields query(request.query);
    const auto days = query.integer("days", 1, days_max, days_default);
    if (auto refused = query.refused()) co_return *refused;
    const auto today = std::chrono::floor<std::chrono::days>(services.clock.now());
    const auto date = [](auto day) { return to_iso8601(Instant(day)).substr(0, 10); };
    const std::string first = date(today - std::chrono::days(days - 1));
    const std::string end = date(today + std::chrono::days(1));
    const db::Rows rows = co_await services.db.run(store::usage_by_day, {first, end});
    co_return http::json_response(200,
                                  {
                                      {"from", first},
                                      {"to", date(today)},
                                      {"metrics", grouped(rows, metric, "days", day_columns)}
    });
}

}  // namespace

void add_admin_revenue_routes(http::Router& router, const Services& services) {
    router.on("GET /api/admin/revenue",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return revenue(services, request);
              }));
    router.on("GET /api/admin/usage",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return usage(services, request);
              }));
}

}  // namespace paydesk::api
