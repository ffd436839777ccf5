#pragma once
// The server, built from its parts: what `paydesk serve` and `paydesk up` run.
//
// Everything is made here and passed down; nothing in the tree reaches for a global.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "api/services.h"
#include "base/task.h"
#include "config.h"

namespace paydesk {

struct Role {
    bool api = true;     // answers people and providers
    bool worker = true;  // applies stored events, runs jobs
};

struct ApplicationOptions {
    Role role = {};
    std::optional<api::LocalSignIn> local_sign_in = {};  // `up` only
    std::optional<std::string> sandbox_url = {};         // `up` only
    std::optional<std::filesystem::path> record_responses = {};
};

class Application {
public:
    // Listens at once and connects to Postgres in the background.
    // Throws Unavailable: the port is taken, a file is missing.
    Application(asio::io_context& io, Config config, ApplicationOptions options);
    ~Application();

    // Waits for Postgres and its schema, then serves. Throws Unavailable and says what is missing.
    Task<> start();

    // Finishes what is open, takes no more, and returns when all has ended. Idempotent.
    Task<> stop();

    std::uint16_t port() const;

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

// Runs the application until SIGINT or SIGTERM; a second one ends the process at once.
// `watch` is looked at once a second: text ends the run with that message. Exit status.
int run_until_stopped(asio::io_context& io, Application& application,
                      std::function<void()> when_started,
                      std::function<std::optional<std::string>()> watch = {});

}  // namespace paydesk
