// The command line. What a command does is in up.cc and operations.cc.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <cstdio>

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

void add_operations(CLI::App& app, int& status) {
    auto views = std::make_shared<bool>(false);
    auto* migrating = app.add_subcommand("migrate", "Brings the database to this version's schema");
    migrating->add_flag("--public-views", *views,
                        "also the views in schema public, with the tutorials' names");
    migrating->callback([views, &status] { status = migrate(*views); });

    auto* plans = app.add_subcommand("plans", "The catalogue");
    plans->require_subcommand(1);
    auto syncing = std::make_shared<SyncPlansOptions>();
    auto* sync =
        plans->add_subcommand("sync", "Brings plans.toml to the provider and into the database");
    auto* dry = sync->add_flag("--dry-run", syncing->dry_run, "only show what would change");
    sync->add_flag("--yes,-y", syncing->yes, "do not ask")->excludes(dry);
    sync->callback([syncing, &status] { status = sync_plans(*syncing); });

    auto again = std::make_shared<ReplayOptions>();
    auto dead = std::make_shared<bool>(false);
    auto* replaying = app.add_subcommand("replay", "Processes stored webhook events again");
    auto* events = replaying->add_option("event", again->events, "ids of events (evt_...)");
    replaying->add_flag("--dead", *dead, "all that failed, are dead or wait, and dead jobs")
        ->excludes(events);
    replaying->add_option("--var", again->var, "the database of a `paydesk up` with this folder");
    replaying->callback([again, dead, &status] {
        if (again->events.empty() && !*dead) throw CLI::RequiredError("an event's id, or --dead,");
        status = replay(*again);
    });

    app.add_subcommand("report-usage",
                       "Tells the provider what was used, now instead of by the next job")
        ->callback([&status] { status = report_usage(); });

    auto minting = std::make_shared<TokenOptions>();
    auto* tokens = app.add_subcommand("token", "An access token for a local user of `paydesk up`");
    tokens->add_option("--user", minting->user, "e-mail, or a UUID")->capture_default_str();
    tokens->add_option("--hours", minting->hours, "how long it is good")
        ->check(CLI::Range(1, 8760))
        ->capture_default_str();
    tokens->add_option("--var", minting->var, "the folder of `paydesk up`")->capture_default_str();
    tokens->callback([minting, &status] { status = token(*minting); });

    app.add_subcommand("doctor", "Looks at the environment, the database, Stripe and the sign-in")
        ->callback([&status] { status = doctor(); });
    app.add_subcommand("version", "Which version this is")->callback([] {
        fmt::print("paydesk {}\n", PAYDESK_VERSION);
    });
}

int run(int argc, char** argv) {
    CLI::App app("Paydesk: billing for your app, on your own Postgres", "paydesk");
    app.require_subcommand(1);
    int status = 0;
    add_up(app, status);
    add_serve(app, status);
    add_operations(app, status);
    set_log_level("info");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
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
