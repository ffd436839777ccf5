#include "reconcile/run_store.h"

#include "base/assert.h"

namespace paydesk::reconcile::run_store {

const db::Statement list{
    "reconcile_list_runs",
    R"(select id, provider, mode, origin, dry_run, status, since, requests, checked,
              drift, repaired, report, error, started_at, finished_at
       from paydesk.reconciliations
       where $2::uuid is null or id < $2
       order by id desc limit $1)"};

namespace {

const db::Statement read_last{"reconcile_last_run",
                              R"(select position, status, since, reached, finished_at
       from paydesk.reconciliations
       where provider = $1 and mode = $2 and dry_run = $3
       order by id desc limit 1)"};

const db::Statement read_completed{"reconcile_last_complete",
                                   R"(select finished_at from paydesk.reconciliations
       where provider = $1 and mode = $2 and not dry_run and status = 'complete'
       order by id desc limit 1)"};

const db::Statement save_run{
    "reconcile_save_run",
    R"(insert into paydesk.reconciliations as r (id, provider, mode, origin,
           dry_run, status, since, reached, position, requests, checked, drift, repaired, report, error,
           started_at, finished_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12, $13, $14::jsonb, $15, $16, $17)
       on conflict (id) do update set
           status = excluded.status, since = excluded.since, reached = excluded.reached,
           position = excluded.position, requests = excluded.requests, checked = excluded.checked,
           drift = excluded.drift, repaired = excluded.repaired, report = excluded.report,
           error = excluded.error, finished_at = excluded.finished_at)"};

const db::Statement forget_runs{"reconcile_forget_runs",
                                R"(delete from paydesk.reconciliations
       where status = 'complete' and drift = 0 and finished_at < $1)"};

}  // namespace

Task<std::optional<Standing>> last(db::Database& db, provider::Name provider, std::string mode,
                                   bool dry_run) {
    const auto rows = co_await db.run(
        read_last, {db::param(provider::to_string(provider)), mode, db::param(dry_run)});
    if (rows.empty()) co_return std::nullopt;
    auto position = parse_json(rows.text(0, "position"));
    PD_ASSERT(position.has_value());  // a jsonb column
    co_return Standing{.position = std::move(*position),
                       .status = std::string(rows.text(0, "status")),
                       .since = rows.optional_instant(0, "since"),
                       .reached = rows.optional_instant(0, "reached"),
                       .finished_at = rows.optional_instant(0, "finished_at")};
}

Task<std::optional<Instant>> completed_at(db::Database& db, provider::Name provider,
                                          std::string mode) {
    const auto rows =
        co_await db.run(read_completed, {db::param(provider::to_string(provider)), mode});
    if (rows.empty()) co_return std::nullopt;
    co_return rows.optional_instant(0, "finished_at");
}

Task<> save(db::Database& db, Row row) {
    co_await db.run(
        save_run,
        {row.id, db::param(provider::to_string(row.provider)), row.mode, row.origin,
         db::param(row.dry_run), row.status, db::param(row.since), db::param(row.reached),
         storable(json::value(row.position)), db::param(row.requests), db::param(row.checked),
         db::param(row.drift), db::param(row.repaired), storable(json::value(row.report)),
         row.error, db::param(row.started_at), db::param(row.finished_at)});
}

Task<> forget(db::Database& db, Instant before) {
    co_await db.run(forget_runs, {db::param(before)});
}

}  // namespace paydesk::reconcile::run_store
