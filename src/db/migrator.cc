#include "db/migrator.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/crypto.h"
#include "base/log.h"
#include "db/blocking_connection.h"

namespace paydesk::db {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view pooler_port = "6543";
constexpr std::string_view views_prefix = "public_views/";
constexpr const char* may_not_migrate =
    "\nThis role may not change the schema. Migrations are the database owner's (Supabase: "
    "postgres): "
    "name their connection in PAYDESK_MIGRATION_URL";

struct File {
    std::string name;  // "0001_accounts.sql", "public_views/seed_names.sql"
    std::string path;
    std::string sql;
    std::string checksum;
};

struct Applied {
    std::string checksum;
    std::string at;
};
using AppliedByName = std::map<std::string, Applied>;

bool is_view(std::string_view name) { return name.starts_with(views_prefix); }

std::vector<File> read_folder(const fs::path& folder, std::string_view prefix) {
    std::vector<File> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() != ".sql") continue;
        File file{std::string(prefix) + entry.path().filename().string(), entry.path().string(),
                  read_file(entry.path().string()), ""};
        file.checksum = to_hex(sha256(file.sql));
        files.push_back(std::move(file));
    }
    std::ranges::sort(files, {}, &File::name);
    return files;
}

std::vector<File> read_migrations(const fs::path& share) {
    const fs::path folder = share / "migrations";
    std::vector<File> files = read_folder(folder, "");
    if (files.empty()) throw MigrationRefused("no migrations found in " + folder.string());
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string& name = files[i].name;
        std::string number = std::to_string(i + 1);
        number.insert(0, 4 - std::min<std::size_t>(number.size(), 4), '0');
        const bool well_formed =
            name.size() > 9 && name[4] == '_' &&
            std::ranges::all_of(name.substr(0, 4), [](char c) { return c >= '0' && c <= '9'; });
        if (!well_formed) {
            throw MigrationRefused(files[i].path + ": name it NNNN_what_it_does.sql");
        }
        if (!name.starts_with(number)) {
            throw MigrationRefused(files[i].path + ": expected number " + number +
                                   " here: migrations are numbered without gaps or doubles");
        }
    }
    return files;
}

AppliedByName read_applied(BlockingConnection& connection) {
    AppliedByName applied;
    // Not to_regclass(): it asks a cache of names, which within one transaction still believes that
    // the schema is missing when another migrator has made it while we waited for the lock.
    const Rows there = connection.run(
        "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = 'paydesk' and c.relname = 'schema_migrations') as there");
    if (!there.boolean(0, "there")) return applied;
    const Rows rows = connection.run(
        "select name, checksum, applied_at::text as applied_at from paydesk.schema_migrations");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        applied[std::string(rows.text(i, "name"))] = {std::string(rows.text(i, "checksum")),
                                                      std::string(rows.text(i, "applied_at"))};
    }
    return applied;
}

// The first file to apply, or null. Refuses when files and records disagree.
const File* next_migration(const std::vector<File>& files, const AppliedByName& applied) {
    for (const auto& [name, record] : applied) {
        if (is_view(name)) continue;
        if (std::ranges::find(files, name, &File::name) != files.end()) continue;
        throw MigrationRefused("migration " + name + " was applied to this database on " +
                               record.at +
                               " but its file is missing: this program is older than the database. "
                               "Run the newer one, or bring the file back");
    }
    const File* next = nullptr;
    for (const File& file : files) {
        const auto record = applied.find(file.name);
        if (record == applied.end()) {
            if (!next) next = &file;
            continue;
        }
        if (next) {
            throw MigrationRefused(next->path + ": is not applied, but the later " + file.name +
                                   " is: give the new file the next free number");
        }
        if (record->second.checksum != file.checksum) {
            throw MigrationRefused(file.path + ": has changed since it was applied on " +
                                   record->second.at +
                                   ": bring the old text back and put the change into a new file");
        }
    }
    return next;
}

// Its own file would need the table that records files. Rows are for the owner alone, and the
// server may look; forced row level security holds for the owner too, hence its policy.
constexpr const char* create_record_table = R"(
create schema if not exists paydesk;
create table if not exists paydesk.schema_migrations (
    name       text        primary key,
    checksum   text        not null,
    applied_at timestamptz not null default now()
);
do $$ begin
    alter table paydesk.schema_migrations enable row level security, force row level security;
    revoke all on paydesk.schema_migrations from public;
    if not exists (select from pg_policy
                   where polrelid = 'paydesk.schema_migrations'::regclass) then
        create policy owner on paydesk.schema_migrations to current_user
            using (true) with check (true);
    end if;
end $$;
)";

class Transaction {
public:
    explicit Transaction(BlockingConnection& connection) : connection_(connection) {
        connection.run("begin");
        connection.run("set local lock_timeout = '60s'");
        try {
            // Any constant will do; it is the same for every version of this program.
            connection.run("select pg_advisory_xact_lock(7304118402913127011)");
        } catch (const Failure& failure) {
            if (failure.sqlstate != "55P03") throw;
            throw MigrationRefused("another migration of this database has been running for 60 s");
        }
        // A migration that waits long for a table's lock makes everybody else wait behind it.
        connection.run("set local lock_timeout = '15s'");
        connection.run("set local statement_timeout = 0");
    }
    ~Transaction() {
        try {
            if (!ended_) connection_.run("rollback");
        } catch (const Failure&) {
            // The connection is gone, and the transaction with it.
        }
    }
    void commit() {
        connection_.run("commit");
        ended_ = true;
    }

private:
    BlockingConnection& connection_;
    bool ended_ = false;
};

void apply(BlockingConnection& connection, const File& file) {
    try {
        connection.run_script(file.sql, file.path);
    } catch (const Failure& failure) {
        const bool forbidden = failure.sqlstate == "42501";
        throw MigrationRefused(std::string(failure.what()) + (forbidden ? may_not_migrate : ""));
    }
    if (!connection.in_transaction()) {
        throw MigrationRefused(file.path +
                               ": ends its own transaction: remove its COMMIT or ROLLBACK");
    }
}

void record(BlockingConnection& connection, const File& file) {
    connection.run_script(create_record_table, "schema_migrations");
    connection.run(
        "insert into paydesk.schema_migrations (name, checksum) values ($1, $2) "
        "on conflict (name) do update set checksum = excluded.checksum, applied_at = now()",
        {file.name, file.checksum});
    log::info("migration_applied", {
                                       {"name", file.name.c_str()}
    });
}

void apply_shim(BlockingConnection& connection, const fs::path& share) {
    const std::string path = (share / "supabase_shim.sql").string();
    if (!fs::exists(path)) return;
    Transaction transaction(connection);
    apply(connection, {"supabase_shim.sql", path, read_file(path), ""});
    transaction.commit();
}

void apply_views(BlockingConnection& connection, const MigrateOptions& options,
                 std::vector<std::string>& names) {
    const auto views = read_folder(options.share / "public_views", views_prefix);
    Transaction transaction(connection);
    const AppliedByName applied = read_applied(connection);
    const bool wanted =
        options.public_views ||
        std::ranges::any_of(applied, [](const auto& record) { return is_view(record.first); });
    if (!wanted) return;
    if (views.empty()) {
        throw MigrationRefused("no SQL files in " + (options.share / "public_views").string());
    }
    for (const File& file : views) {
        const auto known = applied.find(file.name);
        if (known != applied.end() && known->second.checksum == file.checksum) continue;
        apply(connection, file);
        record(connection, file);
        names.push_back(file.name);
    }
    transaction.commit();
}

}  // namespace

std::vector<std::string> migrate(const MigrateOptions& options) {
    const std::vector<File> files = read_migrations(options.share);
    if (leads_to_port(options.url, pooler_port)) {
        throw MigrationRefused(
            "port 6543 is a transaction pooler: migrations need a session. Use the direct "
            "connection or the session pooler, port 5432");
    }
    BlockingConnection connection(options.url);
    next_migration(files, read_applied(connection));  // refuses before anything is changed
    apply_shim(connection, options.share);
    std::vector<std::string> names;
    for (;;) {
        // Under the lock, and read again each time: another process may be doing the same.
        Transaction transaction(connection);
        const File* next = next_migration(files, read_applied(connection));
        if (!next) break;
        apply(connection, *next);
        record(connection, *next);
        transaction.commit();
        names.push_back(next->name);
    }
    apply_views(connection, options, names);
    return names;
}

std::vector<MigrationStatus> migration_status(const MigrateOptions& options) {
    std::vector<File> files = read_migrations(options.share);
    std::ranges::move(read_folder(options.share / "public_views", views_prefix),
                      std::back_inserter(files));
    BlockingConnection connection(options.url);
    AppliedByName applied = read_applied(connection);
    std::vector<MigrationStatus> status;
    for (const File& file : files) {
        const auto known = applied.find(file.name);
        if (known == applied.end()) {
            status.push_back({file.name, MigrationState::pending, std::nullopt});
            continue;
        }
        const bool same = known->second.checksum == file.checksum;
        status.push_back({file.name, same ? MigrationState::applied : MigrationState::changed,
                          known->second.at});
        applied.erase(known);
    }
    for (const auto& [name, record] : applied) {
        status.push_back({name, MigrationState::missing, record.at});
    }
    return status;
}

fs::path find_share() {
    const auto has_migrations = [](const fs::path& share) {
        std::error_code error;
        return fs::is_directory(share / "migrations", error);
    };
    if (const char* named = std::getenv("PAYDESK_SHARE")) {
        for (const fs::path& share : {fs::path(named), fs::path(named) / "db"}) {
            if (has_migrations(share)) return share;
        }
        throw Unavailable("PAYDESK_SHARE is " + std::string(named) +
                          ", but there is no folder migrations in it");
    }
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    for (fs::path folder = program.parent_path(); folder != folder.parent_path();
         folder = folder.parent_path()) {
        for (const fs::path& share : {folder / "db", folder / "share/paydesk/db"}) {
            if (has_migrations(share)) return share;
        }
    }
    throw Unavailable("the SQL files (migrations/) were not found in any folder above " +
                      program.string() + ": set PAYDESK_SHARE to the folder that holds them");
}

}  // namespace paydesk::db
