#pragma once
// Takes over what another billing code has kept in Postgres: the tables of the usual Supabase tutorials
// (Stripe, or PayPal), or schema `stripe` of @supabase/stripe-sync-engine.
//
//     source rows ── import_source.h: as objects ──▶ normalise ──▶ billing's apply_changes ──▶ rows
//
// What Paydesk has already is never touched: a row that is there is `known`. So an import may be repeated,
// and afterwards `paydesk reconcile` brings what the source did not know. Nobody is told anything, nothing
// is ever deleted, here or there.

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/task.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::transfer {

enum class Source : std::uint8_t {
    seeds,               // customers, subscriptions, invoices, payment_methods ... in one schema
    stripe_sync_engine,  // schema stripe
};

struct ImportOptions {
    Source source = Source::seeds;
    std::string source_url;         // may read the source's tables
    std::string schema = "public";  // where they are; of stripe_sync_engine "stripe"
    bool dry_run = false;
    std::chrono::days usage_kept{90};  // usage that is older is not taken: PAYDESK_USAGE_KEEP_DAYS
};

struct ImportParts {
    db::Database& db;
    const Clock& clock;
    // Stripe's JSON of one object -> a change.
    std::function<Result<provider::Change>(provider::ObjectKind kind,
                                           const boost::json::value& object, Instant at)>
        normalise;
};

struct ImportedKind {
    std::int64_t read = 0, taken = 0, known = 0;
    std::map<std::string, std::int64_t> skipped = {};  // by reason
    std::vector<std::string> examples = {};            // "in_1: why", the first of them
};

struct ImportReport {
    std::map<std::string, ImportedKind> kinds = {};  // "customers", "subscriptions" ...
    bool dry_run = false;
    boost::json::object to_json() const;
    std::string to_text() const;
};

// Throws Unavailable: there are no such tables, or they are not those that we know; db::Failure.
Task<ImportReport> import_all(ImportParts parts, ImportOptions options);

}  // namespace paydesk::transfer
