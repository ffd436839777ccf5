// The raw client of http's tests.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "http/http_test_server.h"

namespace paydesk::http::test {

RawClient::RawClient(std::uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket_);
        throw std::runtime_error("cannot connect");
    }
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void RawClient::end_sending() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::receive() {
    char bytes[65536];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
}

std::string RawClient::response(bool head_only) {
    for (;;) {
        const std::size_t end = buffer_.find("\r\n\r\n");
        if (end != buffer_.npos) {
            const std::string length = header_of(buffer_.substr(0, end + 4), "Content-Length");
            const bool bare = head_only || length.empty();
            const std::size_t size = end + 4 + (bare ? 0 : std::stoul(length));
            if (buffer_.size() >= size) {
                std::string one = buffer_.substr(0, size);
                buffer_.erase(0, size);
                return one;
            }
        }
        if (!receive()) return std::exchange(buffer_, {});
    }
}

std::string RawClient::until_closed() {
    while (receive()) {
    }
    return std::exchange(buffer_, {});
}

std::string RawClient::until(std::string_view text) {
    for (;;) {
        if (const std::size_t at = buffer_.find(text); at != buffer_.npos) {
            std::string found = buffer_.substr(0, at + text.size());
            buffer_.erase(0, at + text.size());
            return found;
        }
        if (!receive()) return "closed before \"" + std::string(text) + "\": " + buffer_;
    }
}

bool RawClient::closed_within(std::chrono::milliseconds time) {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, static_cast<int>(time.count())) != 1) return false;
    return !receive();
}

std::string exchange(std::uint16_t port, std::string_view request) {
    RawClient client(port);
    client.send(request);
    return client.response();
}

int status_of(std::string_view response) {
    return response.starts_with("HTTP/1.1 ") ? std::stoi(std::string(response.substr(9, 3))) : 0;
}

std::string body_of(std::string_view response) {
    const std::size_t end = response.find("\r\n\r\n");
    return end == response.npos ? "" : std::string(response.substr(end + 4));
}

std::string header_of(std::string_view response, std::string_view name) {
    const std::string_view head = response.substr(0, response.find("\r\n\r\n"));
    for (std::size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        const std::size_t colon = line.find(": ");
        if (colon != line.npos && equal_ignoring_case(line.substr(0, colon), name))
            return std::string(line.substr(colon + 2));
    }
    return {};
}

}  // namespace paydesk::http::test
