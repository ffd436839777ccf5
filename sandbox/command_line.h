#pragma once
// The commands that talk to a running sandbox, as people know them from Stripe's own.

#include <string>
#include <vector>

namespace paydesk::sandbox {

struct ListenOptions {
    std::string sandbox = "http://127.0.0.1:8420";
    std::string forward_to;  // "localhost:8080/webhooks" or a URL; "" only prints
    std::vector<std::string> events = {"*"};
    std::string api_version;  // "" for the account's default
    bool print_json = false;  // whole events
    // Forwards to the paths, and the events, of the endpoints that the sandbox has already, at
    // forward_to's host.
    bool load_from_webhooks_api = false;
};

// Registers an endpoint, forwards each event that it is sent, prints what was answered, and takes
// the endpoint away on SIGINT or SIGTERM. Returns the exit code. Throws what an environment throws.
int listen(const ListenOptions& options);

struct TriggerOptions {
    std::string sandbox = "http://127.0.0.1:8420";
    std::string event;
    // "customer:name=Grace", "price:recurring.interval=year": a field of what a step of the recipe
    // makes.
    std::vector<std::string> overrides;
    bool list = false;  // only says which events there are recipes for
};

// Makes the event happen and prints its id. Returns the exit code.
int trigger(const TriggerOptions& options);

// "localhost:8080/x" -> "http://localhost:8080/x"
std::string url_of(const std::string& text);

}  // namespace paydesk::sandbox
