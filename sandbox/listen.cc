// paydesk-sandbox listen

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "http/server.h"
#include "sandbox/command_client.h"
#include "sandbox/command_line.h"

namespace paydesk::sandbox {
namespace {

using stripe::children;
using stripe::Object;
using stripe::text;

constexpr std::string_view listeners_description = "paydesk-sandbox listen";

// "http://localhost:8080/a/b" -> "http://localhost:8080"
std::string origin_of(const std::string& url) {
    const auto path = url.find('/', url.find("://") + 3);
    return url.substr(0, path);
}

// Where events go, and which.
struct Target {
    std::string url;
    std::vector<std::string> events;
    bool takes(const std::string& type) const {
        return std::ranges::any_of(events,
                                   [&](const auto& one) { return one == "*" || one == type; });
    }
};

// Carries events from the sandbox to whoever listens.
class Forwarder {
public:
    Forwarder(http::Transport& transport, bool print_json)
        : transport_(transport), print_json_(print_json) {}

    void add(Target target) { targets_.push_back(std::move(target)); }
    const std::vector<Target>& targets() const { return targets_; }

    // The answer of the last that failed, else of the last.
    Task<http::Response> forward(const http::Request& request) {
        const auto parsed = parse_json(request.body);
        const Object event = parsed && parsed->is_object() ? parsed->get_object() : Object();
        const auto type = text(event, "type");
        const auto id = text(event, "id");
        if (print_json_)
            std::cout << json::serialize(event) << std::endl;
        else
            std::cout << now() << "   --> " << type << " [" << id << "]" << std::endl;
        http::Response response;
        for (const Target& target : targets_) {
            if (!target.takes(type)) continue;
            const int status = co_await send(request, target.url, id);
            if (response.status < 300) response.status = status;
        }
        co_return response;
    }

private:
    static std::string now() {
        auto said = to_iso8601(SystemClock{}.now()).substr(0, 19);
        said[10] = ' ';
        return said;
    }

    Task<int> send(const http::Request& request, const std::string& url, const std::string& id) {
        http::ClientRequest sent{.method = "POST", .url = url, .body = request.body};
        for (const auto* name : {"Content-Type", "User-Agent", "Stripe-Signature"}) {
            sent.headers.set(name, std::string(request.headers.get(name)));
        }
        // With --print-json standard output is for the events.
        std::ostream& out = print_json_ ? std::cerr : std::cout;
        try {
            const int status = (co_await transport_.send(std::move(sent))).status;
            out << now() << "  <--  [" << status << "] POST " << url << " [" << id << "]"
                << std::endl;
            co_return status;
        } catch (const http::TransportError& failure) {
            out << now() << "  <--  [failed] POST " << url << ": " << failure.what() << std::endl;
            co_return 502;
        }
    }

    http::Transport& transport_;
    bool print_json_;
    std::vector<Target> targets_;
};

// Fills in where the events go.
Task<> find_targets(http::Transport& transport, const ListenOptions& options,
                    Forwarder& forwarder) {
    if (options.forward_to.empty()) co_return;
    const auto forward_to = url_of(options.forward_to);
    if (!options.load_from_webhooks_api) {
        forwarder.add({forward_to, {"*"}});
        co_return;
    }
    const auto page = co_await called(
        transport, "GET", url_of(options.sandbox) + "/v1/webhook_endpoints?limit=100", "");
    for (const json::value& value : children(page, "data")) {
        const Object& endpoint = value.get_object();
        // Another listener's is nobody's place.
        if (text(endpoint, "description") == listeners_description) continue;
        const auto url = text(endpoint, "url");
        Target target{origin_of(forward_to) + url.substr(origin_of(url).size()), {}};
        for (const json::value& type : children(endpoint, "enabled_events")) {
            target.events.emplace_back(type.as_string());
        }
        forwarder.add(std::move(target));
    }
    if (forwarder.targets().empty()) {
        throw Unavailable("--load-from-webhooks-api: the sandbox has no webhook endpoint");
    }
}

Task<> listen_until_signal(asio::io_context& io, const ListenOptions& options, int& code) {
    http::CurlTransport transport(io, 4);
    Forwarder forwarder(transport, options.print_json);
    http::Router router;
    router.otherwise([&](const http::Request& request) { return forwarder.forward(request); });
    http::Server server(io, "127.0.0.1", 0, router);
    server.start();
    asio::signal_set signals(io, SIGINT, SIGTERM);
    const auto sandbox = url_of(options.sandbox);
    const auto own = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    std::string form = "url=" + http::percent_encode(own) +
                       "&description=" + http::percent_encode(listeners_description);
    for (const auto& event : options.events) {
        form += "&enabled_events[]=" + http::percent_encode(event);
    }
    if (!options.api_version.empty()) {
        form += "&api_version=" + http::percent_encode(options.api_version);
    }
    std::string failure;
    std::string endpoint;
    try {
        co_await find_targets(transport, options, forwarder);
        const auto made =
            co_await called(transport, "POST", sandbox + "/v1/webhook_endpoints", form);
        endpoint = text(made, "id");
        std::ostream& out = options.print_json ? std::cerr : std::cout;
        out << "Ready! Your webhook signing secret is " << text(made, "secret") << " (^C to quit)"
            << std::endl;
        for (const Target& target : forwarder.targets())
            out << "Forwarding to " << target.url << std::endl;
        co_await signals.async_wait(awaits_tuple);
        co_await called(transport, "DELETE", sandbox + "/v1/webhook_endpoints/" + endpoint, "");
    } catch (const std::exception& error) {
        failure = error.what();
    }
    co_await server.stop();
    if (failure.empty()) co_return;
    std::cerr << "paydesk-sandbox listen: " << failure << "\n";
    if (endpoint.empty()) std::cerr << "Is a sandbox running at " << sandbox << "?\n";
    code = 1;
}

}  // namespace

int listen(const ListenOptions& options) {
    int code = 0;
    run_to_end([&](asio::io_context& io) { return listen_until_signal(io, options, code); });
    return code;
}

}  // namespace paydesk::sandbox
