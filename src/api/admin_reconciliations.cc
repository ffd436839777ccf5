// GET /api/admin/reconciliations
#include "api/call.h"
#include "api/fields.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "reconcile/run_store.h"

namespace paydesk::api {
namespace {

constexpr std::int64_t page_rows_default = 20, page_rows_max = 100;

using enum ColumnKind;
constexpr Column run_columns[] = {
    {"id",          text   },
    {"provider",    text   },
    {"mode",        text   },
    {"origin",      text   },
    {"dry_run",     flag   },
    {"status",      text   },
    {"since",       instant},
    {"requests",    integer},
    {"checked",     integer},
    {"drift",       integer},
    {"repaired",    integer},
    {"report",      json   },
    {"error",       text   },
    {"started_at",  instant},
    {"finished_at", instant},
};

Task<http::Response> list_runs(const Services& services, const http::Request& request) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    if (auto refused = query.refused()) co_return *refused;
    const db::Rows rows =
        co_await services.db.run(reconcile::run_store::list, {db::param(limit + 1), after});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array runs;
    for (std::size_t row = 0; row < shown; ++row) runs.push_back(to_json(rows, row, run_columns));
    co_return http::json_response(
        200, json::object{
                 {"reconciliations", std::move(runs)    },
                 {"has_more",        rows.size() > shown}
    });
}

}  // namespace

void add_reconciliation_routes(http::Router& router, const Services& services) {
    router.on("GET /api/admin/reconciliations",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return list_runs(services, request);
              }));
}

}  // namespace paydesk::api
