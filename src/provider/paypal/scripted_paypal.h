#pragma once
// For tests: PayPal behind a scripted network.

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "provider/paypal/paypal_provider.h"
#include "provider/scripted_transport.h"

namespace paydesk::provider::paypal {

// A client whose waits take no time, except on the clock. It has a token unless told otherwise.
struct ScriptedPayPal {
    static constexpr const char* client_id = "AeA-client";
    static constexpr const char* client_secret = "EJ-TheSecretThatMustNeverBeLogged";
    static constexpr const char* base = "http://paypal.invalid";
    static constexpr const char* token_answer =
        R"({"access_token":"A21-token","token_type":"Bearer","expires_in":32400})";

    explicit ScriptedPayPal(bool with_token = true) {
        log::set_level(log::Level::error);
        if (with_token) transport.answer(200, token_answer);
    }

    ManualClock clock{from_unix(1'780'272'000)};  // 2026-06-01
    ScriptedTransport transport;
    std::vector<std::chrono::milliseconds> waits;

    void with_client(const std::function<Task<>(Client&, asio::io_context&)>& body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            ClientOptions options{
                .client_id = client_id, .client_secret = client_secret, .base_url = base};
            options.wait = [this](std::chrono::milliseconds delay) -> Task<> {
                waits.push_back(delay);
                clock.advance(delay);
                co_return;
            };
            Client client(io, transport, clock, options);
            co_await body(client, io);
        });
    }

    void with_provider(const std::function<Task<>(Provider&)>& body) {
        with_client([&](Client& client, asio::io_context&) -> Task<> {
            PayPalProvider provider(client, clock);
            co_await body(provider);
        });
    }

    // "POST /v2/things {...}": what was sent, without the host and the call for the token.
    std::vector<std::string> sent() const {
        std::vector<std::string> all;
        for (const auto& request : transport.requests) {
            std::string line =
                request.method + " " + request.url.substr(std::string_view(base).size());
            if (line.ends_with("/v1/oauth2/token")) continue;
            if (!request.body.empty()) line += " " + request.body;
            all.push_back(line);
        }
        return all;
    }
};

}  // namespace paydesk::provider::paypal
