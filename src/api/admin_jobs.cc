// GET /api/admin/jobs, POST /api/admin/jobs/{id}/retry, POST /api/admin/jobs/retry
#include "api/admin_job_store.h"
#include "api/admin_store.h"
#include "api/call.h"
#include "api/fields.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/row_json.h"
#include "base/json.h"
#include "jobs/queue.h"

namespace paydesk::api {
namespace {

namespace store = admin_job_store;

constexpr std::int64_t page_rows_default = 20, page_rows_max = 100;
constexpr std::size_t kind_bytes_max = 100;

using enum ColumnKind;
constexpr Column columns[] = {
    {"id",           text            },
    {"kind",         text            },
    {"account_id",   text            },
    {"state",        text            },
    {"run_at",       instant         },
    {"attempts",     integer         },
    {"max_attempts", integer         },
    {"locked_until", instant         },
    {"last_error",   text            },
    {"payload",      ColumnKind::json},
    {"created_at",   instant         },
    {"finished_at",  instant         },
};
constexpr Column count_columns[] = {
    {"due",           integer},
    {"scheduled",     integer},
    {"running",       integer},
    {"dead",          integer},
    {"oldest_due_at", instant},
};

Task<http::Response> list(const Services& services, const http::Request& request) {
    QueryFields query(request.query);
    const auto limit = query.integer("limit", 1, page_rows_max, page_rows_default);
    const auto after = query.uuid("starting_after");
    const auto state = query.choice("state", {"due", "scheduled", "running", "done", "dead"});
    const auto kind = query.line("kind", kind_bytes_max);
    if (auto refused = query.refused()) co_return *refused;
    const Instant now = services.clock.now();
    const db::Rows rows = co_await services.db.run(
        store::list, {db::param(limit + 1), after, db::param(now), state, kind});
    const db::Rows counts = co_await services.db.run(store::counts, {db::param(now)});
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(limit));
    json::array jobs;
    for (std::size_t row = 0; row < shown; ++row) jobs.push_back(to_json(rows, row, columns));
    co_return http::json_response(200, {
                                           {"jobs", std::move(jobs)},
                                           {"has_more", rows.size() > shown},
                                           {"counts", to_json(counts, 0, count_columns)}
    });
}

Task<http::Response> retry_one(const Services& services, const http::Request& request,
                               Caller caller) {
    const auto id = parse_uuid(request.params.at("id"));
    const Error none{ErrorCode::not_found,
                     "There is no dead or waiting job of this id, or another one does its work."};
    if (!id) co_return refusal(none);
    const bool queued = co_await services.db.transaction([&](db::Tx& tx) -> Task<bool> {
        const db::Rows rows = co_await tx.run(store::job, {*id});
        if (rows.empty()) co_return false;
        if (!co_await jobs::requeue(tx, *id, services.clock.now())) co_return false;
        const auto owner = rows.optional_text(0, "account_id");
        const json::object details{
            {"job_id", *id},
            {"kind", rows.text(0, "kind")},
            {"was_status", rows.text(0, "status")}
        };
        co_await tx.run(admin_store::audit, {owner.value_or(caller.account.value), actor_of(caller),
                                             "job.retry", storable(json::value(details))});
        co_return true;
    });
    if (!queued) co_return refusal(none);
    co_return http::json_response(202, {
                                           {"status", "queued"},
                                           {"id",     *id     }
    });
}

Task<http::Response> retry_dead(const Services& services, const http::Request& request,
                                Caller caller) {
    BodyFields body(request.body);
    const auto kind = body.text("kind", kind_bytes_max).value_or("");
    if (auto refused = body.refused()) co_return *refused;
    const auto queued = co_await services.db.transaction([&](db::Tx& tx) -> Task<std::int64_t> {
        const auto count =
            static_cast<std::int64_t>(co_await jobs::requeue_dead(tx, kind, services.clock.now()));
        const json::object details{
            {"jobs", count},
            {"kind", kind }
        };
        co_await tx.run(admin_store::audit, {caller.account.value, actor_of(caller),
                                             "job.retry_dead", storable(json::value(details))});
        co_return count;
    });
    co_return http::json_response(202, {
                                           {"queued", queued}
    });
}

}  // namespace

void add_admin_job_routes(http::Router& router, const Services& services) {
    router.on("GET /api/admin/jobs",
              for_admin(services, [&services](const http::Request& request, Caller) {
                  return list(services, request);
              }));
    router.on("POST /api/admin/jobs/{id}/retry",
              for_admin_once(services, [&services](const http::Request& request, Caller caller) {
                  return retry_one(services, request, std::move(caller));
              }));
    router.on("POST /api/admin/jobs/retry",
              for_admin_once(services, [&services](const http::Request& request, Caller caller) {
                  return retry_dead(services, request, std::move(caller));
              }));
}

}  // namespace paydesk::api
