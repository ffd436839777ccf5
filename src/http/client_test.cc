// The client against a real server, and against ones that misbehave.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "http/client.h"
#include "http/http_test_server.h"

namespace paydesk::http {
namespace {

using namespace std::chrono_literals;
using test::RunningServer;
using testing::HasSubstr;

ClientResponse fetch(const ClientRequest& request) {
    ClientResponse response;
    run_to_end([&](asio::io_context& io) -> Task<> {
        CurlTransport transport(io, 1);
        response = co_await transport.send(request);
    });
    return response;
}

std::optional<TransportError> failure_of(const ClientRequest& request) {
    try {
        fetch(request);
    } catch (const TransportError& error) {
        return error;
    }
    return {};
}

Router echo_router() {
    Router router;
    const auto echo = [](const Request& request) -> Task<Response> {
        std::string text = request.method + " " + request.path + "?" + request.query + "\n";
        for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
        co_return Response{
            .body = text + "\n" + request.body, .headers = {{"X-One", "1"}, {"X-One", "2"}}
        };
    };
    for (const char* route :
         {"GET /echo", "POST /echo", "PATCH /echo", "DELETE /echo", "PUT /echo"})
        router.on(route, echo);
    router.on("GET /moved", [](const Request&) -> Task<Response> {
        co_return Response{.status = 302, .headers = {{"Location", "/echo"}}};
    });
    router.on("GET /large", [](const Request&) -> Task<Response> {
        co_return Response{.body = std::string(100'000, 'x')};
    });
    return router;
}

// A socket that listens and does as the test says.
class Listening {
public:
    Listening() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
    }
    ~Listening() { ::close(socket_); }
    void listen() { ::listen(socket_, 8); }
    // Takes one connection, reads something, answers `bytes` and closes.
    void answer(const std::string& bytes) {
        const int peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
        char ignored[4096];
        (void)::recv(peer, ignored, sizeof ignored, 0);
        (void)::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        ::close(peer);
    }
    std::string url(const char* scheme = "http") const {
        return std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + "/";
    }
    std::uint16_t port = 0;

private:
    int socket_;
};

TEST(Client, SendsWhatItIsGivenAndNothingElse) {
    const Router router = echo_router();
    RunningServer server(router);
    const std::string body = std::string("a\0b", 3) + std::string(5'000, 'x');
    const ClientResponse response = fetch({
        .method = "POST",
        .url = server.url("/echo?a=1"),
        .headers = {{"X-Mine", "yes"}, {"X-Empty", ""}},
        .body = body
    });
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("x-one"), "1");
    EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
    EXPECT_THAT(response.body, testing::StartsWith("POST /echo?a=1\n"));
    EXPECT_THAT(response.body, testing::EndsWith("\n\n" + body));
    EXPECT_THAT(response.body, HasSubstr("X-Mine: yes\n"));
    EXPECT_THAT(response.body, HasSubstr("X-Empty: \n"));
    EXPECT_THAT(response.body, HasSubstr("User-Agent: Paydesk/"));
    EXPECT_THAT(response.body, testing::Not(HasSubstr("Content-Type")));
    EXPECT_THAT(response.body, testing::Not(HasSubstr("Expect")));
}

TEST(Client, SpeaksEveryMethod) {
    const Router router = echo_router();
    RunningServer server(router);
    for (const char* method : {"GET", "POST", "PATCH", "DELETE", "PUT"}) {
        for (const char* body : {"", "x=1"}) {
            const auto response =
                fetch({.method = method, .url = server.url("/echo"), .body = body});
            EXPECT_THAT(response.body, testing::StartsWith(std::string(method) + " /echo"))
                << method;
            EXPECT_THAT(response.body, testing::EndsWith(std::string("\n\n") + body)) << method;
        }
    }
    const auto head = fetch({.method = "HEAD", .url = server.url("/echo")});
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.body, "");
}

TEST(Client, ReusesItsConnections) {
    std::set<std::string> seen;
    Router router;
    router.on("GET /", [&](const Request&) -> Task<Response> { co_return Response{}; });
    RunningServer server(router, {.connections_max = 1});
    run_to_end([&](asio::io_context& io) -> Task<> {
        CurlTransport transport(io, 4);
        for (int i = 0; i < 20; ++i) {
            const ClientResponse response = co_await transport.send({.url = server.url("/")});
            EXPECT_EQ(response.status, 200) << "a second connection would be turned away";
        }
    });
}

TEST(Client, WorksInParallel) {
    Router router;
    asio::io_context* io_of_server = nullptr;
    int open = 0, open_most = 0;
    router.on("GET /", [&](const Request&) -> Task<Response> {
        open_most = std::max(open_most, ++open);
        while (open_most < 4) co_await sleep_for(*io_of_server, 2ms);
        --open;
        co_return Response{};
    });
    RunningServer server(router);
    io_of_server = &server.io();
    run_to_end([&](asio::io_context& io) -> Task<> {
        CurlTransport transport(io, 4);
        int done = 0;
        const auto one = [&]() -> Task<> {
            EXPECT_EQ((co_await transport.send({.url = server.url("/")})).status, 200);
            ++done;
        };
        for (int i = 0; i < 4; ++i) spawn(io, "request", one());
        while (done < 4) co_await sleep_for(io, 2ms);
    });
    EXPECT_EQ(open_most, 4);
}

TEST(Client, FollowsNoRedirect) {
    const Router router = echo_router();
    RunningServer server(router);
    const ClientResponse response = fetch({.url = server.url("/moved")});
    EXPECT_EQ(response.status, 302);
    EXPECT_EQ(response.headers.get("Location"), "/echo");
}

TEST(Client, ResponsesAreBounded) {
    const Router router = echo_router();
    RunningServer server(router);
    EXPECT_EQ(fetch({.url = server.url("/large"), .response_bytes_max = 100'000}).body.size(),
              100'000u);
    const auto failure = failure_of({.url = server.url("/large"), .response_bytes_max = 99'999});
    ASSERT_TRUE(failure);
    EXPECT_FALSE(failure->never_sent);
    EXPECT_THAT(failure->what(), HasSubstr("larger than 99999 bytes"));
}

TEST(Client, ARefusedConnectionWasNeverSent) {
    const Listening closed;  // bound, so that nobody else takes the port, and not listening
    const auto failure = failure_of({.url = closed.url()});
    ASSERT_TRUE(failure);
    EXPECT_TRUE(failure->never_sent);
    EXPECT_THAT(failure->what(), HasSubstr("GET http://127.0.0.1:" + std::to_string(closed.port)));
}

TEST(Client, WhatCannotBeSentWasNeverSent) {
    for (const char* url :
         {"file:///etc/passwd", "ftp://127.0.0.1/", "http://no-such-host.invalid/", "not a url",
          "http://127.0.0.1/\r\nX: y", "gopher://127.0.0.1/"}) {
        const auto failure = failure_of({.url = url});
        ASSERT_TRUE(failure) << url;
        EXPECT_TRUE(failure->never_sent) << url;
    }
    EXPECT_TRUE(
        failure_of({.url = "http://127.0.0.1/", .headers = {{"A", "b\nC: d"}}})->never_sent);
}

// Nothing answers on the other side: the kernel accepts for a program that never looks.
TEST(Client, ASilentServerTimesOutAndMayHaveActed) {
    Listening silent;
    silent.listen();
    const auto failure =
        failure_of({.method = "POST", .url = silent.url(), .body = "x", .timeout = 200ms});
    ASSERT_TRUE(failure);
    EXPECT_FALSE(failure->never_sent);

    const auto handshake =
        failure_of({.url = silent.url("https"), .connect_timeout = 200ms, .timeout = 5s});
    ASSERT_TRUE(handshake);
    EXPECT_TRUE(handshake->never_sent) << "TLS was never negotiated";
}

TEST(Client, ABrokenAnswerIsAFailure) {
    for (const char* bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
                              "\x01\x02\x03\x04\x05 garbage\r\n\r\n"}) {
        Listening broken;
        broken.listen();
        std::thread answering([&] { broken.answer(bytes); });
        const auto failure = failure_of({.url = broken.url(), .timeout = 3s});
        answering.join();
        ASSERT_TRUE(failure) << bytes;
        EXPECT_FALSE(failure->never_sent) << bytes;
    }
}

TEST(Client, DestroyingItWaitsForWhatIsUnderWay) {
    const Router router = echo_router();
    RunningServer server(router);
    bool done = false;
    asio::io_context io{1};
    auto transport = std::make_unique<CurlTransport>(io, 2);
    const auto one = [&]() -> Task<> {
        EXPECT_EQ((co_await transport->send({.url = server.url("/echo")})).status, 200);
        done = true;
    };
    spawn(io, "request", one());
    io.poll();
    transport.reset();
    io.run();
    EXPECT_TRUE(done);
}

}  // namespace
}  // namespace paydesk::http
