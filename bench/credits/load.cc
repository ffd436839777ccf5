// Consumes credits over HTTP and measures the answers: a service's requests for users' accounts, each
// with an Idempotency-Key of its own.
//
//     bench_credits_load --port 8080 --key SERVICE_KEY --accounts 10000 --connections 64
//                        --count 200000 --seconds 8 --run many
//
// The accounts are 00000000-0000-7000-8000-<12 digits>, in an order that no cache foresees. Sends at most
// --count requests, for --seconds. Prints one JSON object.

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "http_load.h"

namespace paydesk {
namespace {

struct Arguments {
    std::uint16_t port = 0;
    std::string key, run;
    std::size_t accounts = 1, connections = 1, count = 0, seconds = 8;
};

std::string digits(std::size_t number) {
    std::string text = std::to_string(number);
    return std::string(12 - text.size(), '0') + text;
}

std::vector<std::string> requests_of(const Arguments& arguments) {
    const std::string body = R"({"amount":1,"description":"AI Chat - GPT-4"})";
    std::mt19937_64 random(7);
    std::vector<std::string> requests;
    requests.reserve(arguments.count);
    for (std::size_t i = 0; i < arguments.count; ++i) {
        requests.push_back(
            "POST /api/credits/consume HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
            arguments.key + "\r\nPaydesk-Account: 00000000-0000-7000-8000-" +
            digits(random() % arguments.accounts) + "\r\nIdempotency-Key: " + arguments.run + "-" +
            std::to_string(i) + "\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    return requests;
}

int run(const Arguments& arguments) {
    const auto begun = bench::Steady::now();
    return bench::run_load(arguments.port, arguments.connections, requests_of(arguments), begun,
                           std::chrono::seconds(arguments.seconds));
}

}  // namespace
}  // namespace paydesk

int main(int argc, char** argv) {
    paydesk::Arguments arguments;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i], value = argv[i + 1];
        const auto number = static_cast<std::size_t>(std::strtoull(value.c_str(), nullptr, 10));
        if (name == "--port")
            arguments.port = static_cast<std::uint16_t>(number);
        else if (name == "--key")
            arguments.key = value;
        else if (name == "--run")
            arguments.run = value;
        else if (name == "--accounts")
            arguments.accounts = number;
        else if (name == "--connections")
            arguments.connections = number;
        else if (name == "--count")
            arguments.count = number;
        else if (name == "--seconds")
            arguments.seconds = number;
    }
    return paydesk::run(arguments);
}
