#pragma once
// paydesk.reconciliations: SQL, nothing else.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::reconcile::run_store {

struct Standing {
    json::value position;
    std::string status;
    std::optional<Instant> since, reached, finished_at;
};
// The newest run of this mode.
Task<std::optional<Standing>> last(db::Database& db, provider::Name provider, std::string mode,
                                   bool dry_run);
// When the newest complete run that was no dry run ended.
Task<std::optional<Instant>> completed_at(db::Database& db, provider::Name provider,
                                          std::string mode);

struct Row {
    std::string id, mode, origin;
    provider::Name provider;
    bool dry_run = false;
    std::string status = "running";
    std::optional<Instant> since = {}, reached = {};
    json::object position = {};
    int requests = 0;
    std::int64_t checked = 0, drift = 0, repaired = 0;
    json::object report = {};
    std::optional<std::string> error = {};
    Instant started_at;
    std::optional<Instant> finished_at = {};
};
// Inserts or overwrites.
Task<> save(db::Database& db, Row row);
// Removes complete runs that found nothing and ended before then.
Task<> forget(db::Database& db, Instant before);

// For GET /api/admin/reconciliations: $1 how many, $2 the id after which the page begins or NULL.
extern const db::Statement list;

}  // namespace paydesk::reconcile::run_store
