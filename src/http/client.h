#pragma once
// Outbound HTTP: libcurl on worker threads, so that neither DNS nor TLS ever blocks the I/O thread.

#include <chrono>
#include <memory>
#include <string>

#include "base/task.h"
#include "http/message.h"

namespace paydesk::http {

struct ClientRequest {
    std::string method = "GET";
    std::string url;
    Headers headers = {};
    std::string body = {};
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds timeout{30'000};
    std::size_t response_bytes_max = 8 * 1024 * 1024;
};

struct ClientResponse {
    int status = 0;
    Headers headers = {};
    std::string body = {};
};

// Why no response came. Whether the other side acted on the request is unknown unless
// `never_sent`.
struct TransportError : std::runtime_error {
    TransportError(const std::string& what, bool never_sent_)
        : std::runtime_error(what), never_sent(never_sent_) {}
    bool never_sent;  // could not resolve, connect or negotiate TLS: safe to repeat without a key
};

// The seam where tests cut the network (style.md, habit 6).
class Transport {
public:
    virtual ~Transport() = default;
    // Any HTTP status is a response. Throws TransportError when there is none.
    virtual Task<ClientResponse> send(ClientRequest request) = 0;
};

// Verifies TLS against the system's roots, follows no redirects, speaks only http and https,
// reuses connections per worker. Destroying it waits for what is under way.
class CurlTransport final : public Transport {
public:
    CurlTransport(asio::io_context& io, int workers = 8);
    ~CurlTransport() override;
    Task<ClientResponse> send(ClientRequest request) override;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace paydesk::http
