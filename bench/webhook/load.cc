// Sends signed webhook deliveries over loopback and measures the answers.
//
//     bench_webhook_load --port 8080 --path /api/webhooks/stripe --secret whsec_... --corpus FILE
//                        --connections 64 --skip 0 --count 10000
//
// The corpus is JSON bodies, one event each, separated by the byte 0x1e; without --secret it is whole HTTP
// requests, sent as they are. Everything is signed and laid out before the
// clock starts, so that the generator, which shares the cores with the server, costs little. Sends
// exactly --count requests, once each, and stops. Prints one JSON object.

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/task.h"

namespace paydesk {
namespace {

using Steady = std::chrono::steady_clock;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

struct Arguments {
    std::uint16_t port = 0;
    std::string path = "/api/webhooks/stripe", secret, corpus;
    std::size_t connections = 1, skip = 0, count = 0;
};

struct Tally {
    std::vector<std::uint32_t> microseconds;
    std::map<int, std::size_t> statuses;
    std::size_t broken = 0;  // connections that failed
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

// Reads one response; its status, or 0 when the connection is gone. `held` keeps what came early.
Task<int> read_response(Socket& socket, std::string& held) {
    std::size_t head_end = std::string::npos;
    std::size_t need = 0;
    for (;;) {
        if (head_end == std::string::npos &&
            (head_end = held.find("\r\n\r\n")) != std::string::npos) {
            std::string head = held.substr(0, head_end);
            std::ranges::transform(head, head.begin(), [](unsigned char c) {
                return static_cast<char>(std::tolower(c));
            });
            const auto at = head.find("content-length:");
            std::size_t length = 0;
            if (at != std::string::npos) length = std::strtoul(head.c_str() + at + 15, nullptr, 10);
            need = head_end + 4 + length;
        }
        if (head_end != std::string::npos && held.size() >= need) break;
        char buffer[4096];
        const auto [error, read] =
            co_await socket.async_read_some(asio::buffer(buffer), awaits_tuple);
        if (error || read == 0) co_return 0;
        held.append(buffer, read);
    }
    const int status = std::atoi(held.c_str() + 9);
    held.erase(0, need);
    co_return status;
}

Task<> connection(asio::io_context& io, std::uint16_t port,
                  const std::vector<std::string>& requests, std::size_t& next, Tally& tally) {
    Socket socket(io);
    const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
    const auto [refused] = co_await socket.async_connect(server, awaits_tuple);
    if (refused) {
        ++tally.broken;
        co_return;
    }
    socket.set_option(asio::ip::tcp::no_delay(true));
    std::string held;
    while (next < requests.size()) {
        const std::string& request = requests[next++];
        const auto start = Steady::now();
        const auto [error, written] =
            co_await asio::async_write(socket, asio::buffer(request), awaits_tuple);
        const int status = error || written == 0 ? 0 : co_await read_response(socket, held);
        if (status == 0) {
            ++tally.broken;
            co_return;
        }
        ++tally.statuses[status];
        tally.microseconds.push_back(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - start).count()));
    }
}

double quantile_ms(const std::vector<std::uint32_t>& sorted, double q) {
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1));
    return sorted[at] / 1000.0;
}

int run(const Arguments& arguments) {
    const auto begun = Steady::now();
    const auto requests = signed_requests(arguments);
    if (requests.size() < arguments.count) {
        std::fprintf(stderr, "the corpus has too few events after --skip %zu\n", arguments.skip);
        return 2;
    }
    asio::io_context io{1};
    Tally tally;
    tally.microseconds.reserve(requests.size());
    std::size_t next = 0;
    const auto start = Steady::now();
    const double prepare = std::chrono::duration<double>(start - begun).count();
    for (std::size_t i = 0; i < arguments.connections; ++i) {
        spawn(io, "load", connection(io, arguments.port, requests, next, tally));
    }
    io.run();
    const double seconds = std::chrono::duration<double>(Steady::now() - start).count();

    std::ranges::sort(tally.microseconds);
    std::string statuses;
    for (const auto& [status, n] : tally.statuses) {
        statuses += (statuses.empty() ? "" : ",") +
                    ("\"" + std::to_string(status) + "\":" + std::to_string(n));
    }
    std::printf(
        "{\"prepare_seconds\":%.3f,\"seconds\":%.3f,\"rate\":%.0f,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
        "\"broken\":%zu,\"statuses\":{%s}}\n",
        prepare, seconds, static_cast<double>(tally.microseconds.size()) / seconds,
        quantile_ms(tally.microseconds, 0.5), quantile_ms(tally.microseconds, 0.99), tally.broken,
        statuses.c_str());
    return tally.broken == 0 ? 0 : 1;
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
