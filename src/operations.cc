// The commands of operation: serve, migrate, replay, token, doctor.
#include <fmt/format.h>

#include <cstdio>

#include "auth/jwks.h"
#include "catalog/sync_plans_flow.h"
#include "commands.h"
#include "config.h"
#include "db/migrator.h"
#include "jobs/queue.h"
#include "local_state.h"
#include "operation_parts.h"
#include "overage_parts.h"
#include "provider_parts.h"
#include "usage/charge_flow.h"
#include "usage/partitions.h"
#include "usage/report_flow.h"
#include "webhook/processor.h"

namespace paydesk {
namespace {

// The server sells what a sync has stored; a catalogue that the next sync would refuse is told of now.
void check_catalogue(const Config& config) {
    const auto catalogue = catalog::read_plans(config.plans_file);
    if (!catalogue) {
        throw Unavailable("The catalogue cannot be used:\n" + catalogue.error().message);
    }
    if (const auto fits = catalog::check_price_ids(*catalogue, config.price_ids); !fits) {
        throw Unavailable("The catalogue and the environment disagree:\n" + fits.error().message);
    }
    if (const auto fits = catalog::check_price_ids(*catalogue, config.paypal.plan_ids); !fits) {
        throw Unavailable("The catalogue and the environment disagree:\n" + fits.error().message);
    }
}

// One line of the doctor's report.
class Checklist {
public:
    template <class Check>
    void check(const char* what, Check look) {
        std::string finding;
        bool fine = false;
        try {
            finding = look();
            fine = true;
        } catch (const std::exception& failure) {
            finding = failure.what();
        }
        wrong_ += fine ? 0 : 1;
        fmt::print("  {}  {:<12} {}\n", fine ? "ok  " : "FAIL", what, finding);
    }
    int wrong() const { return wrong_; }

private:
    int wrong_ = 0;
};

std::string look_at_schema(const Config& config) {
    std::size_t pending = 0;
    for (const auto& file :
         db::migration_status({.url = config.migration_url, .share = config.share / "db"})) {
        // The views are optional.
        const bool is_view = file.name.starts_with("public_views/");
        if (file.state == db::MigrationState::pending && !is_view) ++pending;
        if (file.state == db::MigrationState::changed)
            throw Unavailable(file.name + " was changed after it was applied");
        if (file.state == db::MigrationState::missing)
            throw Unavailable(file.name + " was applied, but its file is missing");
    }
    if (pending > 0)
        throw Unavailable(
            fmt::format("{} migrations are not applied yet: paydesk migrate", pending));
    return "up to date";
}

std::string look_at_stripe(const Config& config) {
    std::string finding;
    run_to_end([&](asio::io_context& io) -> Task<> {
        ProviderParts provider(io, config);
        provider::stripe::Form limit;
        limit.set("limit", 1);
        const auto answer = co_await provider.client.get("/v1/products", limit);
        if (!answer)
            throw Unavailable(answer.error().message.empty() ? "no answer"
                                                             : answer.error().message);
        finding = config.stripe.api_base + " answers" +
                  (config.stripe.livemode ? " (live)" : " (test mode)");
    });
    return finding;
}

std::string look_at_paypal(const Config& config) {
    if (!config.paypal.is_configured()) return "not set up";
    std::string finding;
    run_to_end([&](asio::io_context& io) -> Task<> {
        ProviderParts provider(io, config);
        const auto answer = co_await provider.paypal_client->get("/v1/billing/plans?page_size=1");
        if (!answer) throw Unavailable(provider::paypal::to_refusal(answer.error()).message);
        finding = config.paypal.api_base + " answers" +
                  (config.paypal.livemode ? " (live)" : " (sandbox)");
    });
    return finding;
}

std::string look_at_keys(const Config& config) {
    if (config.auth.supabase_url.empty()) return "HS256 with SUPABASE_JWT_SECRET";
    std::string finding;
    run_to_end([&](asio::io_context& io) -> Task<> {
        http::CurlTransport transport(io, 1);
        const auto response = co_await transport.send(
            {.url = config.auth.supabase_url + "/auth/v1/.well-known/jwks.json"});
        const auto keys = auth::parse_jwks(response.body);
        if (response.status != 200 || !keys)
            throw Unavailable(fmt::format("no key set at {} (status {})", config.auth.supabase_url,
                                          response.status));
        if (keys->empty() && config.auth.jwt_secret.empty()) {
            throw Unavailable("the project signs with its secret: set SUPABASE_JWT_SECRET");
        }
        finding = fmt::format("{} signing keys", keys->size());
    });
    return finding;
}

}  // namespace

int serve(const ServeOptions& options) {
    Config config = config_for({.database = true, .provider = true, .http = true});
    check_catalogue(config);
    asio::io_context io(1);
    const std::string address = config.address;
    Application application(io, std::move(config),
                            {.role = options.role, .record_responses = options.record_responses});
    return run_until_stopped(io, application, [&] {
        fmt::print("Paydesk {} serves on http://{}:{}\n", PAYDESK_VERSION, address,
                   application.port());
        std::fflush(stdout);
    });
}

int migrate(bool public_views) {
    const Config config = config_for({.database = true});
    const auto applied = db::migrate(
        {.url = config.migration_url, .share = config.share / "db", .public_views = public_views});
    for (const auto& name : applied) fmt::print("applied {}\n", name);
    if (applied.empty()) fmt::print("The database is up to date.\n");
    // Now, and not while a new server is waited for: it would make them as well.
    run_to_end([&](asio::io_context& io) -> Task<> {
        // One statement: prepared by name it would only fail behind a transaction pooler.
        db::Database db(
            io, {.url = config.migration_url, .sessions_max = 1, .prepared_statements = false});
        co_await db.ready(postgres_patience);
        co_await usage::make_partitions_ahead(
            db, SystemClock{}.now(), {.past_max = std::chrono::days(config.usage_accepted_days)});
        db.stop();
    });
    return 0;
}

int report_usage() {
    const Config config = config_for({.database = true, .provider = true});
    run_to_end([&](asio::io_context& io) -> Task<> {
        const SystemClock clock;
        ProviderParts provider(io, config);
        db::Database db(io, database_options(config));
        co_await db.ready(postgres_patience);
        const auto reports = co_await usage::report_usage(db, provider.metering, clock.now());
        usage::MetricsCache metrics(db, clock);
        const auto known = co_await metrics.current();
        const auto charges =
            co_await usage::charge_usage(db, provider.metering, known, clock.now());
        usage::OverageResult overage;
        if (provider.paypal) {
            const auto options = overage_options(config);
            overage = co_await usage::invoice_overage(db, known, options, clock.now());
        }
        db.stop();
        fmt::print("{} reports sent, {} refused; {} charges made, {} refused.\n", reports.sent,
                   reports.refused, charges.charged, charges.refused);
        if (provider.paypal) {
            fmt::print(
                "{} periods of PayPal's closed, {} of them with an invoice; {} cannot be rated.\n",
                overage.closed, overage.invoiced, overage.unrated);
        }
        if (reports.left + charges.left > 0)
            throw Unavailable("The provider does not answer: the rest is sent by the next run.");
    });
    return 0;
}

int replay(const ReplayOptions& options) {
    const Config config = options.var ? config_of_up(*options.var) : config_for({.database = true});
    run_to_end([&](asio::io_context& io) -> Task<> {
        const SystemClock clock;
        db::Database db(io, database_options(config));
        co_await db.ready(postgres_patience);
        const auto events = co_await webhook::replay(db, options.events, clock.now());
        const auto jobs =
            options.events.empty() ? co_await jobs::requeue_dead(db, "", clock.now()) : 0;
        db.stop();
        fmt::print("{} events will be processed again", events);
        if (jobs > 0) fmt::print(", {} dead jobs will run again", jobs);
        fmt::print(".\n");
        if (events < options.events.size())
            throw Unavailable(fmt::format(
                "{} not in the inbox (paydesk.webhook_events). Events that never came: paydesk "
                "reconcile --events",
                options.events.size() == 1
                    ? options.events.front() + " is"
                    : fmt::format("{} of these {} are", options.events.size() - events,
                                  options.events.size())));
    });
    return 0;
}

int token(const TokenOptions& options) {
    if (!std::filesystem::exists(options.var / "state.json")) {
        throw Unavailable("There was no `paydesk up` with the folder " + options.var.string() +
                          " yet.");
    }
    const SystemClock clock;
    const auto local =
        local_sign_in(load_local_state(options.var), clock, std::chrono::hours(options.hours));
    for (const api::LocalUser& user : local.users) {
        if (user.email != options.user && user.id != options.user) continue;
        fmt::print("{}\n", local.mint(user));
        return 0;
    }
    // Anybody may be tried out locally, not only the people of the sign-in page.
    const auto id = parse_uuid(options.user);
    if (!id)
        throw Unavailable("--user: there is no local user " + options.user +
                          "; give a UUID for a new one.");
    fmt::print("{}\n", local.mint({.id = *id, .email = *id + "@example.com", .name = {}}));
    return 0;
}

int doctor() {
    const auto read =
        read_config(process_environment(), {.database = true, .provider = true, .http = true});
    Checklist list;
    list.check("environment", [&]() -> std::string {
        if (!read) throw Unavailable(read.error().message);
        return "complete";
    });
    if (!read) return 1;
    const Config& config = *read;
    list.check("plans.toml", [&] {
        const auto catalogue = catalog::read_plans(config.plans_file);
        if (!catalogue) throw Unavailable(catalogue.error().message);
        const auto fits = catalog::check_price_ids(*catalogue, config.price_ids);
        if (!fits) throw Unavailable(fits.error().message);
        const auto plans_fit = catalog::check_price_ids(*catalogue, config.paypal.plan_ids);
        if (!plans_fit) throw Unavailable(plans_fit.error().message);
        return fmt::format("{} plans, top-ups and products", catalogue->plans.size());
    });
    list.check("schema", [&] { return look_at_schema(config); });
    list.check("server role", [&] {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, database_options(config));
            co_await db.ready(postgres_patience);
            const db::Rows role = co_await db.run(
                {"doctor_role",
                 "select r.rolname, r.rolsuper or r.rolbypassrls as bypasses, (select count(*) "
                 "from paydesk.plans) as plans from pg_roles r where r.rolname = current_user"});
            db.stop();
            if (role.boolean(0, "bypasses"))
                throw Unavailable(fmt::format(
                    "DATABASE_URL signs in as {}, whom row level security does not bind: let the "
                    "server be paydesk_server, and name {} in PAYDESK_MIGRATION_URL",
                    role.text(0, "rolname"), role.text(0, "rolname")));
        });
        return std::string("reads and writes");
    });
    list.check("Stripe", [&] { return look_at_stripe(config); });
    list.check("PayPal", [&] { return look_at_paypal(config); });
    list.check("sign-in", [&] { return look_at_keys(config); });
    fmt::print("\n{}", describe(config));
    return list.wrong() == 0 ? 0 : 1;
}

}  // namespace paydesk
