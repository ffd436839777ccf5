#include "sandbox/command_line.h"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>
#include <map>
#include <sstream>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/task.h"
#include "http/client.h"
#include "http/server.h"
#include "sandbox/recipes.h"
#include "sandbox/stripe/object.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::Object;
using stripe::text;
using Answers = std::map<std::string, Object>;

struct Answer {
    int status = 0;
    Object body;
};

Task<Answer> call(http::Transport& transport, std::string method, std::string url,
                  std::string form) {
    http::ClientRequest request{.method = std::move(method), .url = std::move(url)};
    request.headers.set("Authorization", "Bearer sk_test_paydesk_command_line");
    if (!form.empty()) {
        request.headers.set("Content-Type", "application/x-www-form-urlencoded");
        request.body = std::move(form);
    }
    const auto response = co_await transport.send(std::move(request));
    const auto parsed = parse_json(response.body);
    co_return Answer{response.status,
                     parsed && parsed->is_object() ? parsed->get_object() : Object()};
}

std::string message_of(const Answer& answer) {
    const auto said = text(child(answer.body, "error"), "message");
    return said.empty() ? "answered " + std::to_string(answer.status) : said;
}

// Throws Unavailable, with what was said, unless the call succeeded.
Task<Object> called(http::Transport& transport, std::string method, std::string url,
                    std::string form) {
    const std::string what = method + " " + url;
    const auto answer =
        co_await call(transport, std::move(method), std::move(url), std::move(form));
    if (answer.status != 200) throw Unavailable(what + ": " + message_of(answer));
    co_return answer.body;
}

// "customer.id" in the answers so far. Throws Unavailable when it is not there.
std::string looked_up(const Answers& answers, const std::string& path) {
    std::istringstream parts(path);
    std::string part;
    std::getline(parts, part, '.');
    const auto found = answers.find(part);
    const Object* object = found == answers.end() ? nullptr : &found->second;
    while (object && std::getline(parts, part, '.')) {
        if (parts.eof()) return text(*object, part);
        object = &child(*object, part);
    }
    throw Unavailable("the recipe names " + path + ", which no answer has");
}

std::string filled(std::string line, const Answers& answers) {
    for (auto open = line.find("${"); open != std::string::npos; open = line.find("${")) {
        const auto close = line.find('}', open);
        const auto value = looked_up(answers, line.substr(open + 2, close - open - 2));
        line.replace(open, close - open + 1, http::percent_encode(value));
    }
    return line;
}

Task<std::string> newest(http::Transport& transport, const std::string& sandbox,
                         const std::string& event) {
    const auto page =
        co_await called(transport, "GET", sandbox + "/v1/events?limit=1&type=" + event, "");
    const auto& data = children(page, "data");
    co_return data.empty() ? std::string() : text(data.front().get_object(), "id");
}

Task<std::string> cook(http::Transport& transport, std::string sandbox, std::string event,
                       const Recipe& recipe) {
    const auto before = co_await newest(transport, sandbox, event);
    Answers answers;
    std::istringstream lines{std::string(recipe.lines)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(filled(line, answers));
        std::string name, method, path, form;
        words >> name >> method >> path >> form;
        const bool may_decline = name.ends_with('?');
        if (may_decline) name.pop_back();
        std::cout << "Running " << method << " " << path << std::endl;
        const auto answer = co_await call(transport, method, sandbox + path, form);
        if (answer.status != 200 && !(may_decline && answer.status == 402)) {
            throw Unavailable(method + " " + path + ": " + message_of(answer));
        }
        answers[name] = answer.body;
    }
    const auto after = co_await newest(transport, sandbox, event);
    co_return after == before ? std::string() : after;
}

// Carries events from the sandbox to whoever listens.
class Forwarder {
public:
    Forwarder(http::Transport& transport, std::string target)
        : transport_(transport), target_(std::move(target)) {}

    Task<http::Response> forward(const http::Request& request) {
        http::ClientRequest sent{.method = "POST", .url = target_, .body = request.body};
        for (const auto* name : {"Content-Type", "User-Agent", "Stripe-Signature"}) {
            sent.headers.set(name, std::string(request.headers.get(name)));
        }
        const auto parsed = parse_json(request.body);
        const Object event = parsed && parsed->is_object() ? parsed->get_object() : Object();
        std::cout << "--> " << text(event, "type") << " [" << text(event, "id") << "]" << std::endl;
        http::Response response;
        try {
            response.status = (co_await transport_.send(std::move(sent))).status;
            std::cout << "<-- [" << response.status << "] POST " << target_ << " ["
                      << text(event, "id") << "]" << std::endl;
        } catch (const http::TransportError& failure) {
            response.status = 502;
            std::cout << "<-- [failed] POST " << target_ << ": " << failure.what() << std::endl;
        }
        co_return response;
    }

private:
    http::Transport& transport_;
    std::string target_;
};

Task<> listen_until_signal(asio::io_context& io, const ListenOptions& options, int& code) {
    http::CurlTransport transport(io, 4);
    Forwarder forwarder(transport, url_of(options.forward_to));
    http::Router router;
    router.otherwise([&](const http::Request& request) { return forwarder.forward(request); });
    http::Server server(io, "127.0.0.1", 0, router);
    server.start();
    asio::signal_set signals(io, SIGINT, SIGTERM);
    const auto sandbox = url_of(options.sandbox);
    const auto own = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    std::string form = "url=" + http::percent_encode(own) + "&description=paydesk-sandbox+listen";
    for (const auto& event : options.events) form += "&enabled_events[]=" + event;
    if (!options.api_version.empty()) form += "&api_version=" + options.api_version;
    std::string failure;
    std::string endpoint;
    try {
        const auto made =
            co_await called(transport, "POST", sandbox + "/v1/webhook_endpoints", form);
        endpoint = text(made, "id");
        std::cout << "Ready! Your webhook signing secret is " << text(made, "secret")
                  << " (^C to quit)" << std::endl;
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

std::string url_of(const std::string& given) {
    const bool whole = given.starts_with("http://") || given.starts_with("https://");
    std::string url = whole ? given : "http://" + given;
    if (!url.empty() && url.ends_with('/') && std::ranges::count(url, '/') == 3) url.pop_back();
    return url;
}

int listen(const ListenOptions& options) {
    int code = 0;
    run_to_end([&](asio::io_context& io) { return listen_until_signal(io, options, code); });
    return code;
}

int trigger(const std::string& sandbox, const std::string& event) {
    const auto* recipe = recipe_for(event);
    if (!recipe) {
        std::cerr << "paydesk-sandbox trigger: there is no recipe for '" << event
                  << "'. There is one for:\n";
        for (const Recipe& known : recipes()) std::cerr << "  " << known.event << "\n";
        return 1;
    }
    std::string made;
    std::string failure;
    run_to_end([&](asio::io_context& io) -> Task<> {
        http::CurlTransport transport(io, 1);
        try {
            made = co_await cook(transport, url_of(sandbox), event, *recipe);
        } catch (const std::exception& error) {
            failure = error.what();
        }
    });
    if (!made.empty()) {
        std::cout << "Trigger succeeded: " << event << " [" << made << "]" << std::endl;
        return 0;
    }
    std::cerr << "Trigger failed: "
              << (failure.empty() ? "the calls worked, the event did not follow" : failure) << "\n";
    return 1;
}

}  // namespace paydesk::sandbox
