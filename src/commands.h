#pragma once
// What each subcommand does; main.cc only reads the command line. All give the exit status and print
// for people: results to standard output, what went wrong (one message) to standard error.
//
// Throw Unavailable for what main() prints: an environment that is not complete or does not answer.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "application.h"

namespace paydesk {

struct UpOptions {
    std::uint16_t port = 8080;
    std::uint16_t sandbox_port = 8420;
    std::optional<std::uint16_t> smtp_port = {};  // none: 8425, or a free one if that is taken
    std::filesystem::path var = "var";
    std::optional<std::filesystem::path> record_responses = {};  // the server's, for contract tests
    std::optional<std::filesystem::path> record_sandbox = {};    // the sandbox's calls and events
};
int up(const UpOptions& options);

struct ServeOptions {
    Role role = {};
    std::optional<std::filesystem::path> record_responses = {};
};
int serve(const ServeOptions& options);

int migrate(bool public_views);

struct SyncPlansOptions {
    bool dry_run = false;  // only shows what would change
    bool yes = false;      // does not ask
};
int sync_plans(const SyncPlansOptions& options);

// Tells the provider's meters what was used and brings what we rate to its draft invoices, now instead of by the
// next job.
int report_usage();

// `var`: the database of a `paydesk up` instead of DATABASE_URL.
struct ReplayOptions {
    std::vector<std::string> events = {};  // none: all that failed, are dead or wait
    std::optional<std::filesystem::path> var = {};
};
int replay(const ReplayOptions& options);

// Compares with the provider and mends. `var`: as above, with its sandbox. Gives 3 where drift is left.
struct ReconcileOptions {
    std::optional<std::string> since = {};  // "30d", "12h", a day, an instant
    bool dry_run = false, json = false;
    bool events = true, objects = true, usage = true;
    std::optional<int> requests_max = {};  // none: as configured
    std::optional<std::filesystem::path> var = {};
};
int run_reconcile(const ReconcileOptions& options);

// Prints why a balance, an invoice or a subscription is as it is. `var`: as above.
struct ExplainOptions {
    std::string subject, id;
    bool json = false;
    std::optional<std::filesystem::path> var = {};
};
int run_explain(const ExplainOptions& options);

// Takes over the tables of another billing code. `var`: as above.
struct ImportCommand {
    std::string from;                        // "seeds", "stripe-sync-engine"
    std::optional<std::string> source = {};  // none: PAYDESK_MIGRATION_URL, DATABASE_URL
    std::optional<std::string> schema = {};  // none: public, stripe
    bool dry_run = false, json = false;
    std::optional<std::filesystem::path> var = {};
};
int run_import(const ImportCommand& options);

// Writes everything into files. `var`: as above.
struct ExportCommand {
    std::string format = "csv";  // or "sql"
    std::filesystem::path to;
    std::optional<std::filesystem::path> var = {};
};
int run_export(const ExportCommand& options);

struct TokenOptions {
    std::filesystem::path var = "var";
    std::string user = "ada@example.com";
    int hours = 12;
};
int token(const TokenOptions& options);

int doctor();

}  // namespace paydesk
