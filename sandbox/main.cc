// paydesk-sandbox: an offline Stripe and PayPal for development and tests.

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <fstream>
#include <iostream>

#include "base/clock.h"
#include "base/task.h"
#include "http/client.h"
#include "http/server.h"
#include "sandbox/command_line.h"
#include "sandbox/mail/smtp_server.h"
#include "sandbox/paypal/webhooks.h"
#include "sandbox/recorder.h"
#include "sandbox/server.h"
#include "sandbox/store.h"
#include "sandbox/stripe/webhook_endpoints.h"

namespace paydesk::sandbox {
namespace {

struct Options {
    std::uint16_t port = 8420;
    std::optional<std::uint16_t> smtp_port;  // nothing: no mail can come
    std::string state;
    std::string account_version = "2026-03-25.dahlia";
    std::string record;
    std::string webhook_url, webhook_secret, webhook_version;
    std::string paypal_webhook_url, paypal_webhook_id = "0PAYDESKSANDBOX01";
    std::string paypal_ca_file;
    paypal::Credentials paypal_client;
    std::optional<std::uint64_t> seed;
    std::int64_t stand_still_at = 0;  // Unix seconds; 0: time passes
    std::int64_t rate_limit = 0;      // calls a second; 0: none
    bool die_with_parent = false;
};

void check(const Options& options) {
    if (options.state.empty()) throw Unavailable("--state FOLDER is required");
    if (!stripe::Version::parse(options.account_version)) {
        throw Unavailable("--account-version " + options.account_version +
                          " is not a version of Stripe's API (such as 2026-03-25.dahlia)");
    }
    if (!options.webhook_version.empty() && !stripe::Version::parse(options.webhook_version)) {
        throw Unavailable("--webhook-version " + options.webhook_version +
                          " is not a version of Stripe's API (such as 2026-10-28.endive)");
    }
    if (!options.webhook_url.empty() && !options.webhook_secret.starts_with("whsec_")) {
        throw Unavailable("--webhook-url needs --webhook-secret whsec_...");
    }
    if (options.paypal_webhook_id.empty() || options.paypal_client.client_id.empty() ||
        options.paypal_client.client_secret.empty()) {
        throw Unavailable(
            "--paypal-webhook-id, --paypal-client-id and --paypal-client-secret must not be empty");
    }
}

// PayPal's side: who may call, who hears of events, and what their signatures are checked against.
void set_up(paypal::PayPal& paypal, const Options& options) {
    paypal.api().set_credentials(options.paypal_client);
    if (!options.paypal_webhook_url.empty()) {
        paypal::keep_webhook(paypal.account(), options.paypal_webhook_id,
                             options.paypal_webhook_url);
    }
    if (options.paypal_ca_file.empty()) return;
    std::ofstream file(options.paypal_ca_file, std::ios::trunc);
    file << paypal.keys().root() << std::flush;
    if (!file) throw Unavailable("cannot write " + options.paypal_ca_file);
}

Task<> stop_on_signal(asio::io_context& io, asio::signal_set& signals, http::Server& server) {
    co_await signals.async_wait(awaits_tuple);
    co_await server.stop();
    io.stop();
}

int run(const Options& options) {
    check(options);
    asio::io_context io{1};
    const SystemClock clock;
    Store store(options.state);
    Recorder recorder = options.record.empty() ? Recorder() : Recorder(options.record);
    http::CurlTransport transport(io, 4);
    http::Router router;
    http::Limits limits;
    limits.drain_timeout = std::chrono::seconds(2);
    http::Server server(io, "127.0.0.1", options.port, router, limits);
    const auto url = "http://127.0.0.1:" + std::to_string(server.port());
    Sandbox sandbox(io, store, clock, transport, recorder,
                    *stripe::Version::parse(options.account_version), url);
    router.otherwise([&](const http::Request& request) { return sandbox.handle(request); });
    if (options.seed) sandbox.account().seed(*options.seed);
    if (options.stand_still_at > 0) sandbox.clock().stand_still(from_unix(options.stand_still_at));
    sandbox.rate_limit().set(options.rate_limit);
    if (!options.webhook_url.empty()) {
        stripe::keep_endpoint(sandbox.account(), options.webhook_url, options.webhook_secret,
                              options.webhook_version);
    }
    set_up(sandbox.paypal(), options);
    std::optional<SmtpServer> smtp;
    if (options.smtp_port) {
        smtp.emplace(io, *options.smtp_port, sandbox.mailbox(), sandbox.faults());
        sandbox.mailbox().set_url("smtp://127.0.0.1:" + std::to_string(smtp->port()));
        smtp->start();
    }
    asio::signal_set signals(io, SIGINT, SIGTERM);
    spawn(io, "stop_on_signal", stop_on_signal(io, signals, server));
    sandbox.start();
    server.start();
    // Scripts wait for the line that says "listening": it comes last.
    if (smtp)
        std::cout << "mailbox at " << url << "/mailbox, fed by " << sandbox.mailbox().url() << "\n";
    std::cout << "PayPal at " << url << "/paypal, client " << options.paypal_client.client_id
              << ", secret " << options.paypal_client.client_secret;
    if (!options.paypal_webhook_url.empty()) std::cout << ", webhook " << options.paypal_webhook_id;
    std::cout << "\n";
    std::cout << "paydesk-sandbox listening on " << url << std::endl;
    io.run();
    std::cout.flush();
    // A receiver that hangs may hold a delivery's thread for seconds. What matters is on disk.
    ::_exit(0);
}

}  // namespace
}  // namespace paydesk::sandbox

int main(int argc, char** argv) {
    paydesk::sandbox::Options options;
    CLI::App app("An offline Stripe and PayPal: APIs, hosted pages and signed webhooks.");
    app.add_option("--port", options.port, "Port on 127.0.0.1; 0 takes a free one");
    app.add_option("--smtp-port", options.smtp_port,
                   "Port on 127.0.0.1 that takes mails for the mailbox; 0 takes a free one");
    app.add_option("--state", options.state, "Folder that keeps the state over restarts");
    app.add_option("--account-version", options.account_version,
                   "API version of calls and endpoints that name none");
    app.add_option("--record", options.record, "Append every call and event to this file");
    app.add_option("--webhook-url", options.webhook_url, "Endpoint that receives every event");
    app.add_option("--webhook-secret", options.webhook_secret, "Its secret, whsec_...");
    app.add_option("--webhook-version", options.webhook_version, "Its API version");
    app.add_option("--paypal-webhook-url", options.paypal_webhook_url,
                   "Where PayPal's side sends every event");
    app.add_option("--paypal-webhook-id", options.paypal_webhook_id, "That webhook's id");
    app.add_option("--paypal-client-id", options.paypal_client.client_id, "Who may ask for tokens");
    app.add_option("--paypal-client-secret", options.paypal_client.client_secret, "Their secret");
    app.add_option("--paypal-ca-file", options.paypal_ca_file,
                   "Write there, as PEM, the root that PayPal's webhook certificates go back to");
    app.add_option("--seed", options.seed,
                   "Ids, secrets and faults are the same in every run with this number");
    app.add_option("--clock", options.stand_still_at,
                   "Unix time at which the clock stands still until it is advanced");
    app.add_option("--rate-limit", options.rate_limit, "API calls a second; 0 for no limit")
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--die-with-parent", options.die_with_parent, "Stop when the parent ends");
    paydesk::sandbox::ListenOptions listening;
    auto* listen = app.add_subcommand("listen", "Forward events of a running sandbox");
    listen->add_option("-f,--forward-to", listening.forward_to,
                       "URL that receives them, as localhost:8080/webhooks; without it they are "
                       "only printed");
    listen->add_option("-e,--events", listening.events, "Types, with commas between; all of them")
        ->delimiter(',');
    listen->add_flag("-j,--print-json", listening.print_json,
                     "Whole events to standard output, one a line; the rest to standard error");
    listen
        ->add_flag(
            "-l,--load-from-webhooks-api", listening.load_from_webhooks_api,
            "To the paths and events of the endpoints that there are, at --forward-to's host")
        ->needs("--forward-to");
    listen->add_option("--api-version", listening.api_version, "Version of their shape");
    listen->add_option("--sandbox", listening.sandbox, "Where the sandbox runs");
    paydesk::sandbox::TriggerOptions triggering;
    auto* trigger = app.add_subcommand("trigger", "Make an event happen in a running sandbox");
    trigger->add_option("event", triggering.event, "Its type, such as invoice.paid");
    trigger->add_option("--override", triggering.overrides,
                        "NAME:field=value of what the recipe makes, such as customer:name=Grace");
    trigger->add_flag("--list", triggering.list, "Only say which events it can make");
    trigger->add_option("--sandbox", triggering.sandbox, "Where the sandbox runs");
    app.require_subcommand(0, 1);
    CLI11_PARSE(app, argc, argv);
    if (options.die_with_parent) {
        const auto parent = ::getppid();
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (::getppid() != parent) return 0;  // it ended before we asked
    }
    ::signal(SIGPIPE, SIG_IGN);
    try {
        if (*listen) return paydesk::sandbox::listen(listening);
        if (*trigger) return paydesk::sandbox::trigger(triggering);
        return paydesk::sandbox::run(options);
    } catch (const std::exception& error) {
        std::cerr << "paydesk-sandbox: " << error.what() << std::endl;
        return 1;
    }
}
