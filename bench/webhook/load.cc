// Sends signed webhook deliveries over loopback and measures the answers.
//
//     bench_webhook_load --port 8080 --path /api/webhooks/stripe --secret whsec_... --corpus FILE
//                        --connections 64 --skip 0 --count 10000
//
// The corpus is JSON bodies, one event each, separated by the byte 0x1e; without --secret it is whole HTTP
// requests, sent as they are. Everything is signed and laid out before the
// clock starts, so that the generator, which shares the cores with the server, costs little. Sends
// exactly --count requests, once each, and stops. Prints one JSON object.

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "http_load.h"

namespace paydesk {
namespace {

struct Arguments {
    std::uint16_t port = 0;
    std::string path = "/api/webhooks/stripe", secret, corpus;
    std::size_t connections = 1, skip = 0, count = 0;
};

std::vector<std::string> signed_requests(const Arguments& arguments) {
    std::ifstream file(arguments.corpus);
    std::vector<std::string> requests;
    const std::string second = std::to_string(to_unix(SystemClock{}.now()));
    std::size_t line = 0;
    for (std::string body; requests.size() < arguments.count && std::getline(file, body, '\x1e');) {
        if (line++ < arguments.skip) continue;
        if (arguments.secret.empty()) {
            requests.push_back(std::move(body));
            continue;
        }
        const std::string mac = to_hex(hmac_sha256(arguments.secret, second + "." + body));
        requests.push_back("POST " + arguments.path +
                           " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                           "Stripe-Signature: t=" +
                           second + ",v1=" + mac + "\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    return requests;
}

int run(const Arguments& arguments) {
    const auto begun = bench::Steady::now();
    const auto requests = signed_requests(arguments);
    if (requests.size() < arguments.count) {
        std::fprintf(stderr, "the corpus has too few events after --skip %zu\n", arguments.skip);
        return 2;
    }
    return bench::run_load(arguments.port, arguments.connections, requests, begun);
}

}  // namespace
}  // namespace paydesk

int main(int argc, char** argv) {
    paydesk::Arguments arguments;
    const auto number = [](const char* text) {
        return static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
    };
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        if (name == "--port")
            arguments.port = static_cast<std::uint16_t>(number(argv[i + 1]));
        else if (name == "--path")
            arguments.path = argv[i + 1];
        else if (name == "--secret")
            arguments.secret = argv[i + 1];
        else if (name == "--corpus")
            arguments.corpus = argv[i + 1];
        else if (name == "--connections")
            arguments.connections = number(argv[i + 1]);
        else if (name == "--skip")
            arguments.skip = number(argv[i + 1]);
        else if (name == "--count")
            arguments.count = number(argv[i + 1]);
    }
    return paydesk::run(arguments);
}
