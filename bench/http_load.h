#pragma once
// What the load generators of bench/ share: sends requests that were laid out beforehand over kept-alive
// connections, once each, and measures the answers. The generator shares the cores with the server, so
// it does as little as it can while the clock runs.

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/task.h"

namespace paydesk::bench {

using Steady = std::chrono::steady_clock;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

struct Tally {
    std::vector<std::uint32_t> microseconds = {};
    std::map<int, std::size_t> statuses = {};
    std::size_t broken = 0;  // connections that failed
};

// Reads one response; its status, or 0 when the connection is gone. `held` keeps what came early.
inline Task<int> read_response(Socket& socket, std::string& held) {
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

// Sends requests from `next` on, until there are no more or the time is over.
inline Task<> connection(asio::io_context& io, std::uint16_t port,
                         const std::vector<std::string>& requests, std::size_t& next,
                         Steady::time_point until, Tally& tally) {
    Socket socket(io);
    const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
    const auto [refused] = co_await socket.async_connect(server, awaits_tuple);
    if (refused) {
        ++tally.broken;
        co_return;
    }
    socket.set_option(asio::ip::tcp::no_delay(true));
    std::string held;
    while (next < requests.size() && Steady::now() < until) {
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

inline double quantile_ms(const std::vector<std::uint32_t>& sorted, double q) {
    if (sorted.empty()) return 0;
    const auto at = static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1));
    return sorted[at] / 1000.0;
}

// Sends them all, or for as long as `duration`, and prints one JSON object. Exit status.
inline int run_load(std::uint16_t port, std::size_t connections,
                    const std::vector<std::string>& requests, Steady::time_point begun,
                    Steady::duration duration = std::chrono::hours(1)) {
    asio::io_context io{1};
    Tally tally;
    tally.microseconds.reserve(requests.size());
    std::size_t next = 0;
    const auto start = Steady::now();
    const double prepare = std::chrono::duration<double>(start - begun).count();
    for (std::size_t i = 0; i < connections; ++i)
        spawn(io, "load", connection(io, port, requests, next, start + duration, tally));
    io.run();
    const double seconds = std::chrono::duration<double>(Steady::now() - start).count();

    std::ranges::sort(tally.microseconds);
    std::string statuses;
    for (const auto& [status, n] : tally.statuses) {
        statuses += (statuses.empty() ? "" : ",") +
                    ("\"" + std::to_string(status) + "\":" + std::to_string(n));
    }
    std::printf(
        "{\"prepare_seconds\":%.3f,\"seconds\":%.3f,\"count\":%zu,\"rate\":%.0f,\"p50_ms\":%.2f,"
        "\"p99_ms\":%.2f,\"broken\":%zu,\"statuses\":{%s}}\n",
        prepare, seconds, tally.microseconds.size(),
        static_cast<double>(tally.microseconds.size()) / seconds,
        quantile_ms(tally.microseconds, 0.5), quantile_ms(tally.microseconds, 0.99), tally.broken,
        statuses.c_str());
    return tally.broken == 0 ? 0 : 1;
}

}  // namespace paydesk::bench
