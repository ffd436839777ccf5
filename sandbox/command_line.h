#pragma once
// The commands that talk to a running sandbox, as people know them from Stripe's own.

#include <string>
#include <vector>

namespace paydesk::sandbox {

struct ListenOptions {
    std::string sandbox = "http://127.0.0.1:8420";
    std::string forward_to;  // "localhost:8080/webhooks" or a URL
    std::vector<std::string> events = {"*"};
    std::string api_version;  // "" for the account's default
};

// Registers an endpoint, forwards each event that it is sent, prints what was answered, and takes
// the endpoint away on SIGINT or SIGTERM. Returns the exit code. Throws what an environment throws.
int listen(const ListenOptions& options);

// Makes `event` happen and prints its id. Returns the exit code.
int trigger(const std::string& sandbox, const std::string& event);

// "localhost:8080/x" -> "http://localhost:8080/x"
std::string url_of(const std::string& text);

}  // namespace paydesk::sandbox
