#pragma once
// Brings a database to the schema that this program needs.
//
//     share/supabase_shim.sql        every time; the file itself does nothing on Supabase
//     share/migrations/NNNN_*.sql    each once, in order, in one transaction, never changed later
//     share/public_views/*.sql       on request; again whenever a file has changed
//
// What was applied is in paydesk.schema_migrations, with the SHA-256 of each file. Blocks: for
// command lines and tests, before anything is served. Safe to run from many processes at once.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace paydesk::db {

// The files and the database disagree, or a file failed. The text is for the operator.
class MigrationRefused : public Unavailable {
public:
    using Unavailable::Unavailable;
};

struct MigrateOptions {
    std::string url;              // of a role that may create schemas; session mode
    std::filesystem::path share;  // the folder with migrations/; see find_share()
    bool public_views = false;    // once they were asked for, later runs keep them up to date
};

// Applies what is missing and returns the names of what it applied.
//
// ENSURES: a file is applied and recorded, or nothing of it is. A second call applies nothing.
//
// Throws MigrationRefused, changing nothing, when, in this order,
//   the files are misnamed, or their numbers have gaps or doubles
//   the connection leads to a transaction pooler (port 6543)
//   an applied file has changed, is missing, or an unapplied one stands before it
// and, with the files before it kept, "file:line: what Postgres said" when a file fails.
// Throws Failure when Postgres cannot be reached.
std::vector<std::string> migrate(const MigrateOptions& options);

enum class MigrationState : std::uint8_t { applied, pending, changed, missing };

struct MigrationStatus {
    std::string name;
    MigrationState state;
    std::optional<std::string> applied_at;  // as Postgres prints it
};

// Every file and every record, by name. Changes nothing.
std::vector<MigrationStatus> migration_status(const MigrateOptions& options);

// Where the SQL files are: PAYDESK_SHARE; the source tree that this program was built in, found by
// walking up from it; share/paydesk beside its bin/. Throws Unavailable and says where it looked.
std::filesystem::path find_share();

}  // namespace paydesk::db
