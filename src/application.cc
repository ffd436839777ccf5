#include "application.h"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "api/authenticate.h"
#include "api/finish.h"
#include "api/idempotency.h"
#include "api/live.h"
#include "api/problem.h"
#include "api/routes.h"
#include "auth/verifier.h"
#include "base/json.h"
#include "base/log.h"
#include "base/signal.h"
#include "billing/access_policy_store.h"
#include "billing/cancel_flow.h"
#include "billing/capture_flow.h"
#include "billing/change_flow.h"
#include "billing/customer_flow.h"
#include "billing/expiring_cards.h"
#include "billing/invoice_papers.h"
#include "billing/link_charges_flow.h"
#include "billing/pay_invoice_flow.h"
#include "billing/poll_flow.h"
#include "billing/refund_flow.h"
#include "billing/reminders.h"
#include "billing/second_subscription_flow.h"
#include "billing/trials.h"
#include "credits/due_job.h"
#include "credits/spending.h"
#include "http/security_headers.h"
#include "http/static_files.h"
#include "jobs/runner.h"
#include "notify/email_kinds.h"
#include "notify/notifications.h"
#include "notify/outbox.h"
#include "overage_parts.h"
#include "provider/paypal/verify.h"
#include "provider/paypal/verify_online.h"
#include "provider/stripe/verify.h"
#include "provider_parts.h"
#include "reconcile/jobs.h"
#include "usage/charge_flow.h"
#include "usage/report_flow.h"
#include "usage/usage.h"
#include "webhook/processor.h"
#include "webhook/receiver.h"

namespace paydesk {
namespace {

constexpr std::chrono::seconds postgres_patience{10};
constexpr std::chrono::hours sweep_period{1};
// Enough for the mail that is under way when the time is up.
constexpr std::chrono::seconds email_margin{20};
constexpr db::Statement look_at_schema{"schema_is_there", R"(
    select to_regclass('paydesk.plans') is not null as migrated)"};

// "https://app.example.com" of "https://app.example.com/billing".
std::string origin_of(const std::string& url) {
    const auto slash = url.find('/', url.find("://") + 3);
    return url.substr(0, slash);
}

std::vector<std::string> cors_origins(const Config& config) {
    std::vector<std::string> origins;
    auto wanted = config.cors_origins;
    if (!config.app_url.empty()) wanted.push_back(origin_of(config.app_url));
    for (const auto& text : wanted) {
        auto origin = http::parse_origin(text);
        if (!origin) throw Unavailable("PAYDESK_CORS_ORIGINS, APP_URL: " + origin.error().message);
        origins.push_back(std::move(*origin));
    }
    return origins;
}

auth::VerifierOptions verifier_options(const AuthConfig& config) {
    auth::VerifierOptions options{.jwt_secret = config.jwt_secret};
    if (!config.supabase_url.empty()) {
        options.issuer = config.supabase_url + "/auth/v1";
        options.jwks_url = options.issuer + "/.well-known/jwks.json";
    }
    if (!config.service_key.empty()) options.service_keys = {config.service_key};
    return options;
}

webhook::Source stripe_source(const Config& config, const Clock& clock) {
    auto verifier = std::make_shared<provider::stripe::Verifier>(config.stripe.webhook_secrets);
    return {.verify =
                [verifier, &clock](const webhook::Delivery& delivery) {
                    return verifier->verify(delivery.header("Stripe-Signature"), delivery.body,
                                            clock.now());
                },
            .envelope = webhook::stripe_envelope,
            .livemode = config.stripe.livemode};
}

// "" of a header that did not come.
provider::paypal::Transmission transmission_of(const webhook::Delivery& delivery) {
    return {.id = delivery.header("PayPal-Transmission-Id"),
            .time = delivery.header("PayPal-Transmission-Time"),
            .signature = delivery.header("PayPal-Transmission-Sig"),
            .cert_url = delivery.header("PayPal-Cert-Url"),
            .algorithm = delivery.header("PayPal-Auth-Algo")};
}

webhook::Source paypal_source(const PayPalConfig& config, const Clock& clock,
                              http::Transport& transport) {
    struct Parts {
        provider::paypal::Certificates certificates;
        provider::paypal::Verifier verifier;
        Parts(const PayPalConfig& paypal, http::Transport& network)
            : certificates(network, {.authorities_pem = paypal.authorities_pem,
                                     .extra_prefix = paypal.cert_url_prefix}),
              verifier(paypal.webhook_id, certificates) {}
    };
    auto parts = std::make_shared<Parts>(config, transport);
    return {
        .prepare =
            [parts, &clock](const webhook::Delivery& delivery) {
                return parts->verifier.prepare(transmission_of(delivery), clock.now());
            },
        .verify =
            [parts, &clock](const webhook::Delivery& delivery) {
                return parts->verifier.verify(transmission_of(delivery), delivery.body,
                                              clock.now());
            },
        .envelope = [livemode = config.livemode](
                        std::string_view body) { return webhook::paypal_envelope(body, livemode); },
        .livemode = config.livemode};
}

// Each delivery is asked about before it is accepted; then nothing is left to be verified.
webhook::Source paypal_online_source(const PayPalConfig& config, const Clock& clock,
                                     provider::paypal::Client& client) {
    const auto verifier =
        std::make_shared<provider::paypal::OnlineVerifier>(config.webhook_id, client);
    return {
        .prepare =
            [verifier, &clock](const webhook::Delivery& delivery) {
                return verifier->verify(transmission_of(delivery), delivery.body, clock.now());
            },
        .verify = [](const webhook::Delivery&) { return Result<void>{}; },
        .envelope = [livemode = config.livemode](
                        std::string_view body) { return webhook::paypal_envelope(body, livemode); },
        .livemode = config.livemode};
}

webhook::Source paypal_source(const Config& config, const Clock& clock, ProviderParts& parts) {
    if (config.paypal.verify_online)
        return paypal_online_source(config.paypal, clock, *parts.paypal_client);
    return paypal_source(config.paypal, clock, parts.transport);
}

std::string read_openapi(const std::filesystem::path& share) {
    std::ifstream file(share / "openapi/openapi.yaml", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw Unavailable("cannot read " + (share / "openapi/openapi.yaml").string());
    return text.str();
}

documents::Wording read_wording(const Config& config) {
    auto wording = documents::Wording::load(config.share / "templates", config.mail.templates);
    if (!wording) throw Unavailable(wording.error().message);
    return std::move(*wording);
}

std::unique_ptr<notify::SmtpClient> make_mail_client(asio::io_context& io, const MailConfig& mail) {
    if (!mail.server) return nullptr;
    return std::make_unique<notify::SmtpClient>(io, *mail.server);
}

std::unique_ptr<http::StaticFiles> make_pages(const Config& config) {
    if (config.web_folder.empty()) return nullptr;
    std::vector<std::string> hosts;
    if (const std::string& url = config.auth.supabase_url; !url.empty()) {
        hosts = {origin_of(url)};
        if (url.starts_with("https://")) hosts.push_back("wss://" + origin_of(url).substr(8));
    }
    return std::make_unique<http::StaticFiles>(config.web_folder,
                                               http::page_security_headers(hosts));
}

std::optional<std::string> set_or_nothing(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

class Application::Parts {
public:
    Parts(asio::io_context& io, Config config, ApplicationOptions options)
        : io_(io),
          config_(std::move(config)),
          role_(options.role),
          provider_(io, config_),
          db_(io,
              {
                  .url = config_.database_url,
                  .sessions_max = config_.pool_size,
                  .prepared_statements = config_.prepared_statements
    }),
          verifier_(verifier_options(config_.auth), provider_.transport, clock_),
          limits_(clock_),
          urls_(config_.app_url, config_.return_origins),
          wording_(read_wording(config_)),
          papers_(io, db_, wording_,
                  {.brand = config_.mail.brand,
                   .default_language = config_.mail.sender.default_language,
                   .page_size = config_.mail.page_size,
                   .display_currency = config_.mail.display_currency}),
          mail_client_(make_mail_client(io, config_.mail)),
          outbox_(db_, clock_, wording_, config_.mail.brand, config_.mail.sender,
                  mail_client_.get(),
                  [this](const notify::email_store::Email& email, const std::string& language) {
                      return invoice_of(email, language);
                  }),
          processor_(io, db_, clock_, provider_.appliers()),
          reconciler_(provider_.reconcile_parts(db_, [this] { processor_.wake(); })),
          spending_(io, db_, clock_, config_.credits_low_percent),
          usage_(io, db_, clock_,
                 {.past_max = std::chrono::days(config_.usage_accepted_days),
                  .keep = std::chrono::days(config_.usage_keep_days)}),
          receiver_(io, db_,
                    {{provider::Name::stripe, stripe_source(config_, clock_)},
                     {provider::Name::paypal, paypal_source(config_, clock_, provider_)}},
                    [this] { processor_.wake(); }),
          runner_(io, db_, clock_),
          live_(io, db_),
          services_(make_services(options)),
          cors_(cors_origins(config_)),
          pages_(make_pages(config_)) {
        limits_.trust(config_.trusted_proxies);
        if (options.record_responses)
            recorder_.emplace(*options.record_responses, services_.openapi_yaml);
        make_router();
        runner_.handle(billing::cancel_job_kind, billing::cancel_job(services_.flows));
        runner_.handle(billing::change_job_kind, billing::change_job(services_.flows));
        runner_.handle(billing::trial_job_kind, billing::trial_job(services_.flows));
        runner_.handle(billing::customer_job_kind, billing::customer_job(services_.flows));
        runner_.handle(billing::refund_job_kind, billing::refund_job(services_.flows));
        runner_.handle(billing::pay_invoice_job_kind, billing::pay_invoice_job(services_.flows));
        runner_.handle(billing::capture_job_kind, billing::capture_job(services_.flows));
        runner_.handle(billing::second_subscription_job_kind,
                       billing::second_subscription_job(services_.flows));
        runner_.every(billing::paypal_poll_job_kind, billing::paypal_poll_period,
                      billing::paypal_poll_job(services_.flows, config_.paypal_poll_objects));
        runner_.every(billing::link_charges_job_kind, billing::link_charges_period,
                      billing::link_charges_job(services_.flows));
        runner_.every(credits::due_job_kind, credits::due_job_period,
                      credits::due_job(db_, clock_));
        runner_.every(usage::report_job_kind, usage::report_job_period,
                      usage::report_job(db_, provider_.metering, clock_));
        runner_.every(usage::charge_job_kind, usage::charge_job_period,
                      usage::charge_job(db_, provider_.metering, usage_.metrics, clock_));
        if (provider_.paypal) {
            runner_.every(
                usage::overage_job_kind, usage::overage_job_period,
                usage::overage_job(db_, usage_.metrics, clock_, overage_options(config_)));
        }
        runner_.every(usage::thresholds_job_kind, usage::thresholds_job_period,
                      usage::thresholds_job(usage_.thresholds, usage_.metrics, clock_));
        runner_.every(usage::partitions_job_kind, usage::partitions_job_period,
                      usage::partitions_job(db_, clock_, usage_.retention));
        runner_.every("sweep_idempotency_keys", sweep_period,
                      [this](jobs::Job) -> Task<Result<void>> {
                          co_await api::sweep_idempotency_keys(db_, clock_.now());
                          co_return Result<void>{};
                      });
        runner_.every(
            billing::reminders_job_kind, billing::reminders_period,
            [this](jobs::Job) -> Task<Result<void>> { co_return co_await send_reminders(); });
        runner_.handle(notify::send_emails_job_kind, [this](jobs::Job job) {
            return outbox_.send_new(job.leased_until - email_margin);
        });
        runner_.every(
            notify::sweep_emails_job_kind, notify::sweep_emails_period,
            [this](jobs::Job job) { return outbox_.send_due(job.leased_until - email_margin); });
        runner_.every(billing::expiring_cards_job_kind, billing::expiring_cards_period,
                      [this](jobs::Job) -> Task<Result<void>> {
                          co_await billing::tell_expiring_cards(db_, clock_.now());
                          co_return Result<void>{};
                      });
        if (config_.reconcile_requests > 0) schedule_reconciliation();
        server_.emplace(io, config_.address, config_.port, router_);
    }

    Task<> start() {
        co_await db_.ready(postgres_patience);
        const db::Rows schema = co_await db_.run(look_at_schema);
        if (!schema.boolean(0, "migrated")) {
            throw Unavailable("The database has no schema paydesk yet. Run: paydesk migrate");
        }
        co_await billing::access_policy_store::set(
            db_, {.past_due_grace = services_.past_due_grace,
                  .suspends_disputed = config_.dispute_access == "suspend"});
        co_await usage::make_partitions_ahead(db_, clock_.now(), usage_.retention);
        if (role_.worker) {
            run("processor", processor_.run());
            run("jobs", runner_.run());
        }
        if (role_.api) {
            run("live", live_.run());
            db_.listen(config_.listen_url, notify::account_channel,
                       [this](std::string_view accounts) { live_.wake(accounts); });
        }
        server_->start();
        started_ = true;
    }

    Task<> stop() {
        if (std::exchange(stopping_, true)) co_return;
        live_.stop();  // ends the streams, which would else hold the server until its deadline
        if (started_) co_await server_->stop();
        processor_.stop();
        runner_.stop();
        while (running_ > 0 || !usage_.thresholds.is_idle())
            co_await sleep_for(io_, std::chrono::milliseconds(5));
        db_.stop();
    }

    std::uint16_t port() const { return server_->port(); }

private:
    void run(const char* name, Task<> task) {
        running_ += 1;
        spawn(io_, name, [](Parts& parts, Task<> body) -> Task<> {
            co_await std::move(body);
            parts.running_ -= 1;
        }(*this, std::move(task)));
    }

    Task<Result<void>> send_reminders() {
        const billing::ReminderDays days{.renewal =
                                             std::chrono::days(config_.renewal_reminder_days)};
        for (const auto name : {provider::Name::stripe, provider::Name::paypal}) {
            const billing::Flow* flow = services_.flows.find(name);
            if (flow == nullptr) continue;
            const auto told = co_await billing::send_reminders(*flow, days);
            if (!told) co_return told.error();
        }
        co_return Result<void>{};
    }

    void schedule_reconciliation() {
        const reconcile::Schedule schedule{.requests_max = config_.reconcile_requests};
        runner_.every(reconcile::events_job_kind, reconcile::events_job_period,
                      reconcile::events_job(reconciler_, schedule));
        runner_.every(reconcile::objects_job_kind, reconcile::objects_job_period,
                      reconcile::objects_job(reconciler_, schedule));
        runner_.every(reconcile::usage_job_kind, reconcile::usage_job_period,
                      reconcile::usage_job(reconciler_, schedule));
    }

    // A receipt brings its invoice along.
    Task<std::optional<notify::Attachment>> invoice_of(notify::email_store::Email email,
                                                       std::string language) {
        const auto invoice = string_at(json::value(email.data), {"invoice_id"});
        if (email.kind != "payment_success" || !invoice) co_return std::nullopt;
        auto paper = co_await papers_.pdf({.account = email.account}, *invoice, language);
        if (!paper) co_return std::nullopt;  // it is not there: the receipt goes without
        co_return notify::Attachment{paper->filename, "application/pdf", std::move(paper->bytes)};
    }

    billing::Flows make_flows() {
        billing::Flows flows{
            .stripe = {db_, provider_.stripe, clock_, urls_}
        };
        if (provider_.paypal) {
            flows.paypal.emplace(billing::Flow{db_, *provider_.paypal, clock_, urls_});
        }
        return flows;
    }

    api::Services make_services(ApplicationOptions& options) {
        return {.db = db_,
                .clock = clock_,
                .flows = make_flows(),
                .spending = spending_,
                .usage = usage_,
                .receiver = receiver_,
                .live = live_,
                .papers = papers_,
                .authenticate =
                    [this](const http::Request& request) {
                        return api::authenticate(verifier_, request);
                    },
                .within_limits =
                    [this](const http::Request& request, const api::Caller* caller) {
                        return limits_.take(request, caller);
                    },
                .is_service =
                    [this](const http::Request& request) {
                        return api::is_service(verifier_, request);
                    },
                .past_due_grace = std::chrono::days(config_.past_due_grace_days),
                .allow_anonymous_checkout = config_.allow_anonymous_checkout,
                .livemode = config_.stripe.livemode,
                .sandbox_url = std::move(options.sandbox_url),
                .supabase_url = set_or_nothing(config_.auth.supabase_url),
                .supabase_anon_key = set_or_nothing(config_.auth.anon_key),
                .local_sign_in = std::move(options.local_sign_in),
                .openapi_yaml = read_openapi(config_.share),
                .normalise = normalise_stored};
    }

    void make_router() {
        if (role_.api) {
            api::add_routes(router_, services_);
            router_.otherwise([this](const http::Request& request) -> Task<http::Response> {
                if (pages_ && !request.path.starts_with("/api/")) co_return pages_->serve(request);
                co_return api::refusal({ErrorCode::not_found, "There is nothing at this path."});
            });
        } else {
            api::add_operation_routes(router_, services_);
        }
        api::finish_all(router_, cors_, recorder_ ? &*recorder_ : nullptr);
    }

    asio::io_context& io_;
    Config config_;
    Role role_;
    SystemClock clock_;
    ProviderParts provider_;
    db::Database db_;
    auth::Verifier verifier_;
    api::Limits limits_;
    billing::ReturnUrls urls_;
    const documents::Wording wording_;
    billing::InvoicePapers papers_;
    std::unique_ptr<notify::SmtpClient> mail_client_;  // null: no mail server is configured
    notify::Outbox outbox_;
    webhook::Processor processor_;
    reconcile::Reconciler reconciler_;
    credits::Spending spending_;
    usage::Usage usage_;
    webhook::Receiver receiver_;
    jobs::Runner runner_;
    api::Live live_;
    api::Services services_;
    http::Cors cors_;
    std::unique_ptr<http::StaticFiles> pages_;
    std::optional<api::Recorder> recorder_;
    http::Router router_;
    std::optional<http::Server> server_;
    int running_ = 0;
    bool started_ = false, stopping_ = false;
};

Application::Application(asio::io_context& io, Config config, ApplicationOptions options)
    : parts_(std::make_unique<Parts>(io, std::move(config), std::move(options))) {}
Application::~Application() = default;
Task<> Application::start() { return parts_->start(); }
Task<> Application::stop() { return parts_->stop(); }
std::uint16_t Application::port() const { return parts_->port(); }

namespace {

// What run_until_stopped() waits for, and what came of it.
struct Run {
    asio::io_context& io;
    Application& application;
    std::function<void()> when_started;
    std::function<std::optional<std::string>()> watch;
    asio::basic_signal_set<Executor> signals;
    std::optional<std::string> failure = {};
    bool ended = false;
};

Task<> serve_then_stop(Run& run, Signal& asked_to_stop) {
    try {
        co_await run.application.start();
        run.when_started();
        co_await asked_to_stop.wait();
    } catch (const std::exception& failure) {
        run.failure = failure.what();
    }
    co_await run.application.stop();
    run.ended = true;
    run.io.stop();
}

Task<> wait_for_signals(Run& run, Signal& asked_to_stop) {
    while (!run.ended) {
        const auto [failure, number] = co_await run.signals.async_wait(awaits_tuple);
        if (failure) co_return;
        if (asked_to_stop.is_set()) std::_Exit(128 + number);  // asked twice: at once
        log::info("stopping", {
                                  {"signal", number}
        });
        asked_to_stop.set();
    }
}

Task<> watch_over(Run& run, Signal& asked_to_stop) {
    while (!asked_to_stop.is_set()) {
        co_await sleep_for(run.io, std::chrono::seconds(1));
        if (asked_to_stop.is_set()) co_return;
        if (auto failure = run.watch()) {
            run.failure = std::move(failure);
            asked_to_stop.set();
        }
    }
}

}  // namespace

int run_until_stopped(asio::io_context& io, Application& application,
                      std::function<void()> when_started,
                      std::function<std::optional<std::string>()> watch) {
    Run run{io, application, std::move(when_started), std::move(watch),
            asio::basic_signal_set<Executor>(io, SIGINT, SIGTERM)};
    Signal asked_to_stop;
    spawn(io, "serve", serve_then_stop(run, asked_to_stop));
    spawn(io, "signals", wait_for_signals(run, asked_to_stop));
    if (run.watch) spawn(io, "watch", watch_over(run, asked_to_stop));
    io.run();
    if (!run.failure) return 0;
    fmt::print(stderr, "{}\n", *run.failure);
    return 1;
}

}  // namespace paydesk
