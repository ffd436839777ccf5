#pragma once
// For tests: Stripe behind a scripted network.

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "provider/scripted_transport.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {

// A client whose waits take no time, except on the clock.
struct ScriptedStripe {
    static constexpr const char* secret_key = "sk_test_51TheKeyThatMustNeverBeLogged";
    static constexpr const char* base = "http://stripe.invalid";

    ScriptedStripe() { log::set_level(log::Level::error); }

    ManualClock clock{from_unix(1'780'272'000)};
    ScriptedTransport transport;
    std::vector<std::chrono::milliseconds> waits;

    void with_client(const std::function<Task<>(Client&)>& body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            ClientOptions options{.secret_key = secret_key, .base_url = base};
            options.wait = [this](std::chrono::milliseconds delay) -> Task<> {
                waits.push_back(delay);
                clock.advance(delay);
                co_return;
            };
            Client client(io, transport, clock, options);
            co_await body(client);
        });
    }

    void with_provider(const std::function<Task<>(Provider&)>& body) {
        with_client([&](Client& client) -> Task<> {
            StripeProvider provider(client, clock);
            co_await body(provider);
        });
    }
};

// "POST /v1/things a=b": what was sent, without the host.
inline std::vector<std::string> sent(const ScriptedStripe& stripe) {
    std::vector<std::string> all;
    for (const auto& request : stripe.transport.requests) {
        std::string line = request.method + " " +
                           request.url.substr(std::string_view(ScriptedStripe::base).size());
        if (!request.body.empty()) line += " " + request.body;
        all.push_back(line);
    }
    return all;
}

}  // namespace paydesk::provider::stripe
