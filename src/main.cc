// The command line. What a command does is in up.cc and operations.cc.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <cstdio>

#include "base/error.h"
#include "base/log.h"
#include "commands.h"

namespace paydesk {
namespace {

void set_log_level(const char* fallback) {
    const char* wanted = std::getenv("LOG_LEVEL");
    const std::string level = wanted != nullptr ? wanted : fallback;
    log::set_level(level == "debug"     ? log::Level::debug
                   : level == "warning" ? log::Level::warning
                   : level == "error"   ? log::Level::error
                                        : log::Level::info);
}

void add_up(CLI::App& app, int& status) {
    auto options = std::make_shared<UpOptions>();
    auto* command = app.add_subcommand(
        "up", "Everything on this machine, for development: Postgres, sandbox, server");
    command->add_option("--port", options->port, "of the server and dashboard")
        ->capture_default_str();
    command->add_option("--sandbox-port", options->sandbox_port, "of the offline Stripe")
        ->capture_default_str();
    command->add_option("--smtp-port", options->smtp_port,
                        "of the mailbox; 8425 if that is free, else another");
    command->add_option("--var", options->var, "the folder for the data")->capture_default_str();
    command->add_option("--record-responses", options->record_responses,
                        "append every API response to this file");
    command->add_option("--record-sandbox", options->record_sandbox,
                        "append every call to the sandbox and every event of it to this file");
    command->callback([options, &status] {
        set_log_level("warning");  // people read this terminal
        status = up(*options);
    });
}

void add_serve(CLI::App& app, int& status) {
    auto options = std::make_shared<ServeOptions>();
    auto role = std::make_shared<std::string>("all");
    auto* command = app.add_subcommand("serve", "The server, against DATABASE_URL");
    command->add_option("--role", *role, "what this process does")
        ->check(CLI::IsMember({"api", "worker", "all"}))
        ->capture_default_str();
    command->add_option("--record-responses", options->record_responses,
                        "append every API response to this file");
    command->callback([options, role, &status] {
        options->role = {.api = *role != "worker", .worker = *role != "api"};
        status = serve(*options);
    });
}

void add_reconcile(CLI::App& app, int& status) {
    auto options = std::make_shared<ReconcileOptions>();
    auto only_events = std::make_shared<bool>(false), only_objects = std::make_shared<bool>(false),
         only_usage = std::make_shared<bool>(false);
    auto* command =
        app.add_subcommand("reconcile", "Compares the database with Stripe and mends what differs");
    command->add_option("--since", options->since,
                        "only what was made since: 30d, 12h, 2026-11-01, 2026-11-01T12:00:00Z");
    command->add_flag("--dry-run", options->dry_run, "only report; exit status 3 where drift is");
    auto* events = command->add_flag("--events", *only_events, "only events that never came");
    auto* objects = command->add_flag("--objects", *only_objects, "only rows against objects");
    objects->excludes(events);
    command->add_flag("--usage", *only_usage, "only what Stripe's meters counted against our usage")
        ->excludes(events)
        ->excludes(objects);
    command->add_flag("--json", options->json, "the report as JSON");
    command
        ->add_option("--requests", options->requests_max,
                     "to Stripe, at most; the next run goes on (PAYDESK_RECONCILE_REQUESTS)")
        ->check(CLI::Range(1, 1'000'000));
    command->add_option("--var", options->var, "the database and sandbox of a `paydesk up`");
    command->callback([options, only_events, only_objects, only_usage, &status] {
        set_log_level("error");  // the report says it
        options->events = !*only_objects && !*only_usage;
        options->objects = !*only_events && !*only_usage;
        options->usage = !*only_events && !*only_objects;
        status = run_reconcile(*options);
    });
}

void add_explain(CLI::App& app, int& status) {
    auto options = std::make_shared<ExplainOptions>();
    auto* command =
        app.add_subcommand("explain", "Why a balance, an invoice or a subscription is as it is");
    command->add_option("subject", options->subject, "balance, invoice or subscription")
        ->required()
        ->check(CLI::IsMember({"balance", "invoice", "subscription"}));
    command
        ->add_option("id", options->id,
                     "of a balance the account or its e-mail; else Stripe's id, or ours")
        ->required();
    command->add_flag("--json", options->json, "as JSON");
    command->add_option("--var", options->var, "the database of a `paydesk up` with this folder");
    command->callback([options, &status] {
        set_log_level("error");
        status = run_explain(*options);
    });
}

void add_transfer(CLI::App& app, int& status) {
    auto import = std::make_shared<ImportCommand>();
    auto* importing = app.add_subcommand(
        "import", "Takes over the tables of another billing code; deletes and overwrites nothing");
    importing->add_option("--from", import->from, "seeds or stripe-sync-engine")
        ->required()
        ->check(CLI::IsMember({"seeds", "stripe-sync-engine"}));
    importing->add_option("--source", import->source,
                          "the database that has them; else PAYDESK_MIGRATION_URL");
    importing->add_option("--schema", import->schema, "where they are: public, stripe");
    importing->add_flag("--dry-run", import->dry_run, "only report");
    importing->add_flag("--json", import->json, "the report as JSON");
    importing->add_option("--var", import->var, "into the database of a `paydesk up`");
    importing->callback([import, &status] {
        set_log_level("error");
        status = run_import(*import);
    });

    auto out = std::make_shared<ExportCommand>();
    auto* exporting = app.add_subcommand("export", "Writes everything into files");
    exporting->add_option("--format", out->format, "csv, or sql to restore it")
        ->check(CLI::IsMember({"csv", "sql"}))
        ->capture_default_str();
    exporting->add_option("--to", out->to, "an empty folder; made if it is not there")->required();
    exporting->add_option("--var", out->var, "the database of a `paydesk up` with this folder");
    exporting->callback([out, &status] {
        set_log_level("error");
        status = run_export(*out);
    });
}

void add_operations(CLI::App& app, int& status) {
    auto views = std::make_shared<bool>(false);
    auto* migrating = app.add_subcommand("migrate", "Brings the database to this version's schema");
    migrating->add_flag("--public-views", *views,
                        "also the views in schema public, with the tutorials' names");
    migrating->callback([views, &status] {
        set_log_level("warning");  // it prints what it applied
        status = migrate(*views);
    });

    auto* plans = app.add_subcommand("plans", "The catalogue");
    plans->require_subcommand(1);
    auto syncing = std::make_shared<SyncPlansOptions>();
    auto* sync =
        plans->add_subcommand("sync", "Brings plans.toml to the provider and into the database");
    auto* dry = sync->add_flag("--dry-run", syncing->dry_run, "only show what would change");
    sync->add_flag("--yes,-y", syncing->yes, "do not ask")->excludes(dry);
    sync->callback([syncing, &status] {
        set_log_level("error");
        status = sync_plans(*syncing);
    });

    auto again = std::make_shared<ReplayOptions>();
    auto dead = std::make_shared<bool>(false);
    auto* replaying = app.add_subcommand("replay", "Processes stored webhook events again");
    auto* events = replaying->add_option("event", again->events, "ids of events (evt_...)");
    replaying->add_flag("--dead", *dead, "all that failed, are dead or wait, and dead jobs")
        ->excludes(events);
    replaying->add_option("--var", again->var, "the database of a `paydesk up` with this folder");
    replaying->callback([again, dead, &status] {
        if (again->events.empty() && !*dead) throw CLI::RequiredError("an event's id, or --dead,");
        set_log_level("error");
        status = replay(*again);
    });

    add_reconcile(app, status);
    add_explain(app, status);
    add_transfer(app, status);
    app.add_subcommand("report-usage",
                       "Tells the provider what was used and invoices PayPal's periods, now "
                       "instead of by the next job")
        ->callback([&status] {
            set_log_level("error");
            status = report_usage();
        });

    auto minting = std::make_shared<TokenOptions>();
    auto* tokens = app.add_subcommand("token", "An access token for a local user of `paydesk up`");
    tokens->add_option("--user", minting->user, "e-mail, or a UUID")->capture_default_str();
    tokens->add_option("--hours", minting->hours, "how long it is good")
        ->check(CLI::Range(1, 8760))
        ->capture_default_str();
    tokens->add_option("--var", minting->var, "the folder of `paydesk up`")->capture_default_str();
    tokens->callback([minting, &status] { status = token(*minting); });

    app.add_subcommand("doctor", "Looks at the environment, the database, Stripe and the sign-in")
        ->callback([&status] {
            set_log_level("error");  // a failure is a line of its own
            status = doctor();
        });
    app.add_subcommand("version", "Which version this is")->callback([] {
        fmt::print("paydesk {}\n", PAYDESK_VERSION);
    });
}

// A command that is not there, where one was expected: CLI11 would only say that one is missing.
std::string unknown_command(const CLI::App& app) {
    const CLI::App* at = &app;
    std::string path = "paydesk";
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().front();
        path += " " + at->get_name();
    }
    const bool expects_one = !at->get_subcommands([](const CLI::App*) { return true; }).empty();
    const auto rest = at->remaining();
    if (!expects_one || rest.empty()) return {};
    return fmt::format("There is no command \"{}\": `{} --help` lists what there is.", rest.front(),
                       path);
}

void add_help(CLI::App& app) {
    auto about = std::make_shared<std::vector<std::string>>();
    auto* help = app.add_subcommand("help", "What a command does and takes");
    help->add_option("command", *about, "such as: plans sync");
    help->callback([&app, about] {
        const CLI::App* at = &app;
        std::string path = "paydesk";
        for (const std::string& name : *about) {
            const auto named =
                at->get_subcommands([&](const CLI::App* sub) { return sub->check_name(name); });
            if (named.empty())
                throw Unavailable("There is no command \"" + name +
                                  "\": `paydesk help` lists what there is.");
            path += " " + name;
            at = named.front();
        }
        // Not at->help(): of `paydesk help` that would be the help about help.
        fmt::print("{}", at->get_formatter()->make_help(at, path, CLI::AppFormatMode::Normal));
    });
}

int run(int argc, char** argv) {
    CLI::App app("Paydesk: billing for your app, on your own Postgres", "paydesk");
    app.require_subcommand(1);
    app.set_version_flag("--version", "paydesk " PAYDESK_VERSION);
    int status = 0;
    add_up(app, status);
    add_serve(app, status);
    add_operations(app, status);
    add_help(app);
    set_log_level("info");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (const std::string unknown = unknown_command(app); !unknown.empty()) {
            fmt::print(stderr, "{}\n", unknown);
            return 2;
        }
        if (argc == 1) {
            fmt::print(stderr, "{}", app.help());
            return 2;
        }
        const int code = app.exit(error);
        return code == 0 ? 0 : 2;
    } catch (const std::exception& failure) {
        std::fflush(stdout);
        fmt::print(stderr, "{}\n", failure.what());
        return 1;
    }
    return status;
}

}  // namespace
}  // namespace paydesk

int main(int argc, char** argv) { return paydesk::run(argc, argv); }
