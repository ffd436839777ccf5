// paydesk up: everything on this machine, for development.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "base/json.h"
#include "catalog/sync_plans_flow.h"
#include "commands.h"
#include "config.h"
#include "db/blocking_connection.h"
#include "db/cluster.h"
#include "db/migrator.h"
#include "local_state.h"
#include "provider_parts.h"
#include "sandbox_child.h"
#include "usage/sync_meters_flow.h"

namespace paydesk {
namespace {

namespace fs = std::filesystem;

template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
    fmt::print(format, std::forward<Args>(args)...);
    std::fputc('\n', stdout);
    std::fflush(stdout);  // people watch, and scripts wait for lines
}

// What `up` decides itself. A shell that has a live key in it must not reach it from here.
bool is_decided_here(const std::string& name) {
    for (const std::string_view prefix : {"STRIPE_", "SUPABASE_", "NEXT_PUBLIC_", "PAYPAL_"}) {
        if (name.starts_with(prefix)) return true;
    }
    for (const std::string_view known :
         {"DATABASE_URL", "PAYDESK_LISTEN_URL", "PAYDESK_MIGRATION_URL", "PAYDESK_POOLER",
          "PAYDESK_ADDRESS", "APP_URL", "PORT"}) {
        if (name == known) return true;
    }
    return false;
}

Environment environment_of_up(std::map<std::string, std::string> decided) {
    return [decided = std::move(decided),
            real = process_environment()](const std::string& name) -> std::optional<std::string> {
        if (const auto found = decided.find(name); found != decided.end()) return found->second;
        if (is_decided_here(name)) return std::nullopt;
        return real(name);
    };
}

// Mails go to the sandbox's mailbox, unless the shell names a server of its own (SMTP_URL= for none).
void add_mail(std::map<std::string, std::string>& decided, const std::string& smtp_url) {
    const auto real = process_environment();
    if (real("SMTP_URL")) return;
    decided["SMTP_URL"] = smtp_url;
    decided["SMTP_TLS"] = "off";
    if (real("MAIL_FROM").value_or("").empty()) decided["MAIL_FROM"] = "billing@example.com";
}

void add_paypal(std::map<std::string, std::string>& decided, const std::string& sandbox_url) {
    decided["PAYPAL_API_BASE"] = sandbox_url + "/paypal";
    decided["PAYPAL_CLIENT_ID"] = sandbox_paypal_client_id;
    decided["PAYPAL_CLIENT_SECRET"] = sandbox_paypal_client_secret;
    decided["PAYPAL_WEBHOOK_ID"] = sandbox_paypal_webhook_id;
}

Config config_or_throw(const Environment& environment, Needs needs) {
    auto config = read_config(environment, needs);
    if (!config) throw Unavailable(config.error().message);
    return std::move(*config);
}

void make_folder(const fs::path& folder) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) {
        throw Unavailable(fmt::format("cannot make the folder {}: {}. Choose another with --var.",
                                      folder.string(), failure.message()));
    }
}

void seed_users(const std::string& owner_url) {
    db::BlockingConnection connection(owner_url);
    for (const api::LocalUser& user : local_users()) {
        const json::object app{
            {"provider", "email"                         },
            {"role",     user.is_admin ? "admin" : "user"}
        };
        const json::object person{
            {"name", user.name}
        };
        connection.run(
            "insert into auth.users (id, email, email_confirmed_at, raw_app_meta_data, "
            "raw_user_meta_data) "
            "values ($1, $2, now(), $3, $4) on conflict (id) do nothing",
            {user.id, user.email, json::serialize(app), json::serialize(person)});
        connection.run(
            "insert into paydesk.accounts (account_id, email, name) values ($1, $2, $3) "
            "on conflict (account_id) do nothing",
            {user.id, user.email, user.name});
    }
}

// The endpoint to which the sandbox delivers, and its secret, as one would make it in Stripe's
// dashboard. What was made by an earlier run is found again.
Task<> ensure_webhook_endpoint(provider::stripe::Client& client, LocalState& state,
                               std::string url) {
    if (!state.webhook_endpoint_id.empty()) {
        const auto there =
            co_await client.get("/v1/webhook_endpoints/" + state.webhook_endpoint_id);
        if (there && string_at(*there, {"url"}) == url) co_return;
        if (there) (void)co_await client.del("/v1/webhook_endpoints/" + state.webhook_endpoint_id);
    }
    provider::stripe::Form form;
    form.set("url", url)
        .set("enabled_events[0]", "*")
        .set("api_version", provider::stripe::api_version);
    const auto made =
        co_await client.post("/v1/webhook_endpoints", form, {"endpoint:" + random_hex(8)});
    if (!made)
        throw Unavailable("The sandbox refused the webhook endpoint: " + made.error().message);
    state.webhook_endpoint_id = string_at(*made, {"id"}).value_or("");
    state.webhook_secret = string_at(*made, {"secret"}).value_or("");
    if (state.webhook_secret.empty())
        throw Unavailable("The sandbox made a webhook endpoint without a secret.");
}

catalog::SyncReport prepare(const Config& config, LocalState& state,
                            const std::string& webhook_url) {
    auto catalogue = catalog::read_plans(config.plans_file);
    if (!catalogue) throw Unavailable(catalogue.error().message);
    catalog::SyncReport report;
    run_to_end([&](asio::io_context& io) -> Task<> {
        ProviderParts provider(io, config);
        db::Database db(io, {.url = config.database_url});
        co_await db.ready(std::chrono::seconds(10));
        co_await ensure_webhook_endpoint(provider.client, state, webhook_url);
        auto synced = co_await catalog::sync_plans(db, provider.stripe, *catalogue, {});
        if (synced) {
            const auto too = co_await catalog::sync_plans(db, *provider.paypal, *catalogue, {});
            if (!too) synced = too.error();
        }
        if (synced) {
            const auto meters = co_await usage::sync_meters(db, provider.metering, *catalogue);
            if (!meters) synced = meters.error();
        }
        db.stop();
        if (!synced)
            throw Unavailable("The catalogue could not be brought to the sandbox: " +
                              synced.error().message);
        report = *synced;
    });
    return report;
}

void print_welcome(const UpOptions& options, const SandboxChild& sandbox, const Config& config) {
    say("");
    say("  Dashboard    http://127.0.0.1:{}{}", options.port,
        config.web_folder.empty() ? "   (not built: ./dev up builds it)" : "");
    say("  API          http://127.0.0.1:{}/openapi.yaml", options.port);
    say("  Sandbox      {}   (Stripe and PayPal, offline)", sandbox.url());
    say("  Mailbox      {}/mailbox   (takes mails at {})", sandbox.url(), sandbox.smtp_url());
    if (process_environment()("SMTP_URL")) {
        say("               Paydesk's own mails go where SMTP_URL says");
    }
    say("");
    say("  Sign in as   ada@example.com, grace@example.com or admin@example.com");
    say("  Test cards   4242 4242 4242 4242   pays");
    say("               4000 0000 0000 0002   is declined");
    say("               4000 0000 0000 9995   has insufficient funds");
    say("               4000 0025 0000 3155   asks for 3-D Secure");
    say("               4000 0000 0000 3220   asks for 3-D Secure");
    say("               any future date, any CVC");
    say("");
    say("  Ctrl-C stops all of it; the data stays in {}.", options.var.string());
}

}  // namespace

int up(const UpOptions& options) {
    const auto began = SystemClock{}.now();
    const auto seconds = [&began] {
        return fmt::format("{:.1f} s",
                           std::chrono::duration<float>(SystemClock{}.now() - began).count());
    };
    say("Paydesk {}", PAYDESK_VERSION);
    check_port_is_free(options.port, "--port");
    check_port_is_free(options.sandbox_port, "--sandbox-port");
    if (options.smtp_port) check_port_is_free(*options.smtp_port, "--smtp-port");
    const std::uint16_t smtp_port = options.smtp_port.value_or(free_port(8425));
    make_folder(options.var);

    const std::string app_url = fmt::format("http://127.0.0.1:{}", options.port);
    const std::string sandbox_url = fmt::format("http://127.0.0.1:{}", options.sandbox_port);
    db::Cluster cluster = db::Cluster::start({.folder = options.var / "postgres"});
    say("  Postgres     {}   {}", (options.var / "postgres").string(), seconds());

    // Not before the cluster: whoever has its lock has the folder, and nobody else's sandbox is in it.
    const fs::path paypal_ca = options.var / "paypal-ca.pem";
    SandboxChild sandbox(options.var, {options.sandbox_port, smtp_port},
                         {.webhook_url = app_url + "/api/webhooks/paypal",
                          .webhook_id = sandbox_paypal_webhook_id,
                          .client_id = sandbox_paypal_client_id,
                          .client_secret = sandbox_paypal_client_secret,
                          .ca_file = paypal_ca},
                         options.record_sandbox);

    LocalState state = load_local_state(options.var);
    state.database_url = cluster.server_url();
    state.sandbox_url = sandbox_url;
    const auto configure = [&](Needs needs) {
        std::map<std::string, std::string> decided{
            {"DATABASE_URL",              cluster.server_url()        },
            {"PORT",                      std::to_string(options.port)},
            {"APP_URL",                   app_url                     },
            {"STRIPE_SECRET_KEY",         sandbox_secret_key          },
            {"STRIPE_API_BASE",           sandbox_url                 },
            {"STRIPE_WEBHOOK_SECRET",     state.webhook_secret        },
            {"SUPABASE_JWT_SECRET",       state.jwt_secret            },
            {"SUPABASE_SERVICE_ROLE_KEY", state.service_key           }
        };
        add_paypal(decided, sandbox_url);
        if (needs.http) {  // the sandbox has written it by then
            decided["PAYPAL_CA_FILE"] = paypal_ca.string();
            decided["PAYPAL_CERT_URL_PREFIX"] = sandbox_url + "/paypal/v1/notifications/certs/";
        }
        add_mail(decided, sandbox.smtp_url());
        return config_or_throw(environment_of_up(std::move(decided)), needs);
    };
    const Config before = configure({.database = true, .provider = true});
    const auto applied = db::migrate({.url = cluster.owner_url(), .share = before.share / "db"});
    seed_users(cluster.owner_url());
    say("  Schema       {}   {}",
        applied.empty() ? "up to date" : fmt::format("{} migrations applied", applied.size()),
        seconds());

    sandbox.wait_until_ready();
    const auto report = prepare(before, state, app_url + "/api/webhooks/stripe");
    save_local_state(options.var, state);
    say("  Catalogue    {} plans and top-ups, {} prices   {}", report.plans + report.top_ups,
        report.prices, seconds());

    const SystemClock clock;
    asio::io_context io(1);
    Config config = configure({.database = true, .provider = true, .http = true});
    // Some people type localhost; their pages name it as the place to come back to.
    config.return_origins.push_back(fmt::format("http://localhost:{}", options.port));
    Application application(io, config,
                            {.local_sign_in = local_sign_in(state, clock),
                             .sandbox_url = sandbox.url(),
                             .record_responses = options.record_responses});
    return run_until_stopped(
        io, application, [&] { print_welcome(options, sandbox, config); },
        [&]() -> std::optional<std::string> {
            if (auto ended = sandbox.ended()) return ended;
            if (!cluster.is_running())
                return "Postgres has ended: see " + (cluster.folder() / "postgres.log").string();
            return std::nullopt;
        });
}

}  // namespace paydesk
