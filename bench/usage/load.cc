// Sends usage over HTTP and measures the answers: a service's requests for users' accounts.
//
//     bench_usage_load --port 8080 --key SERVICE_KEY --accounts 10000 --connections 64
//                      --count 200000 --seconds 6 --batch 1 --kind track --run 1
//
// kind: track (single events), events (batches of --batch), get (GET get-usage), check. The accounts are
// 00000000-0000-7000-8000-<12 digits>, in an order that no cache foresees. Keys are UUIDs of version 7 by now.
// Sends at most --count requests, for --seconds. Prints one JSON object.

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "base/ids.h"
#include "http_load.h"

namespace paydesk {
namespace {

struct Arguments {
    std::uint16_t port = 0;
    std::string key, kind = "track";
    std::size_t accounts = 1, connections = 1, count = 0, seconds = 6, batch = 1;
};

std::string digits(std::size_t number) {
    std::string text = std::to_string(number);
    return std::string(12 - text.size(), '0') + text;
}

std::string event_of(const std::string& account, std::mt19937_64& random, Instant now,
                     bool in_batch) {
    std::string event = R"({"metric":"api_calls","quantity":)" + std::to_string(1 + random() % 9) +
                        R"(,"idempotencyKey":")" + uuid_v7(now) + "\"";
    if (in_batch) event += R"(,"accountId":")" + account + "\"";
    return event + "}";
}

std::vector<std::string> requests_of(const Arguments& arguments) {
    std::mt19937_64 random(7 + arguments.batch);
    const Instant now = SystemClock{}.now();
    const auto any_account = [&] {
        return "00000000-0000-7000-8000-" + digits(random() % arguments.accounts);
    };
    const bool reads = arguments.kind == "get" || arguments.kind == "check";
    const std::string path = arguments.kind == "track"    ? "/api/stripe/track-usage"
                             : arguments.kind == "events" ? "/api/usage/events"
                             : arguments.kind == "get"    ? "/api/stripe/get-usage"
                                                          : "/api/usage/check?metric=api_calls";
    std::vector<std::string> requests;
    requests.reserve(arguments.count);
    for (std::size_t i = 0; i < arguments.count; ++i) {
        const std::string account = any_account();
        std::string body;
        if (arguments.kind == "track") body = event_of(account, random, now, false);
        if (arguments.kind == "events") {
            body = "[";
            for (std::size_t n = 0; n < arguments.batch; ++n)
                body += (n ? "," : "") + event_of(any_account(), random, now, true);
            body += "]";
        }
        requests.push_back(
            (reads ? "GET " : "POST ") + path +
            " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + arguments.key + "\r\n" +
            (arguments.kind == "events" ? "" : "Paydesk-Account: " + account + "\r\n") +
            (reads ? ""
                   : "Content-Type: application/json\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n") +
            "\r\n" + body);
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
        else if (name == "--kind")
            arguments.kind = value;
        else if (name == "--accounts")
            arguments.accounts = number;
        else if (name == "--connections")
            arguments.connections = number;
        else if (name == "--count")
            arguments.count = number;
        else if (name == "--seconds")
            arguments.seconds = number;
        else if (name == "--batch")
            arguments.batch = number;
    }
    return paydesk::run(arguments);
}
