// The listener against real sockets: what a stranger may send, and what it costs them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/metrics.h"
#include "http/client.h"
#include "http/http_test_server.h"

namespace paydesk::http {
namespace {

using namespace std::chrono_literals;
using test::body_of, test::exchange, test::header_of, test::RawClient, test::RunningServer,
    test::status_of;
using testing::HasSubstr;

Task<Response> echo(const Request& request) {
    co_return Response{.content_type = "text/plain", .body = request.body};
}

Task<Response> show_id(const Request& request) {
    co_return Response{.body = "id=" + request.params.at("id") + " query=" + request.query};
}

Router sample_router() {
    Router router;
    router.on("POST /echo", echo);
    router.on("GET /echo", echo);
    router.on("GET /things/{id}", show_id);
    router.on("GET /things/first",
              [](const Request&) -> Task<Response> { co_return Response{.body = "the literal"}; });
    router.on("GET /fails", [](const Request&) -> Task<Response> {
        throw std::runtime_error("secret text");
        co_return Response{};
    });
    router.on("GET /away", [](const Request&) -> Task<Response> {
        throw Unavailable("postgres at 10.0.0.1 is away");
        co_return Response{};
    });
    return router;
}

std::string get(const std::string& path, const std::string& method = "GET") {
    return method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

TEST(Server, KeepsTheConnectionForTheNextRequest) {
    const Router router = sample_router();
    RunningServer server(router);
    RawClient client(server.port());
    for (int i = 0; i < 3; ++i) {
        client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        const std::string response = client.response();
        EXPECT_EQ(status_of(response), 200);
        EXPECT_EQ(body_of(response), "hello");
        EXPECT_EQ(header_of(response, "Content-Type"), "text/plain");
        EXPECT_THAT(header_of(response, "Date"), HasSubstr(" GMT"));
        EXPECT_EQ(header_of(response, "Connection"), "");
    }
}

TEST(Server, AHandlerMaySayItsOwnDate) {
    Router router;
    router.on("GET /then", [](const Request&) -> Task<Response> {
        Response response;
        response.headers.set("Date", http_date(from_unix(1'800'000'000)));
        co_return response;
    });
    RunningServer server(router);
    RawClient client(server.port());
    client.send(get("/then"));
    const std::string response = client.response();
    EXPECT_EQ(header_of(response, "Date"), "Fri, 15 Jan 2027 08:00:00 GMT");
    EXPECT_EQ(response.find("Date:"), response.rfind("Date:"));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
    const Router router = sample_router();
    RunningServer server(router);
    RawClient client(server.port());
    std::string all;
    for (int i = 0; i < 50; ++i) all += get("/things/" + std::to_string(i));
    client.send(all);
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(body_of(client.response()), "id=" + std::to_string(i) + " query=");
}

TEST(Server, TakesARequestByteByByte) {
    const Router router = sample_router();
    RunningServer server(router);
    RawClient client(server.port());
    for (const char c :
         std::string("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"))
        client.send({&c, 1});
    EXPECT_EQ(body_of(client.response()), "hello");
}

struct Case {
    const char* what;
    std::string request;
    int status;
    std::string body_part;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

class Requests : public testing::TestWithParam<Case> {};

// A refused request also closes its connection: nothing behind it may be read as the next one.
TEST_P(Requests, GetTheirStatus) {
    const Router router = sample_router();
    RunningServer server(router, {.head_bytes_max = 4096, .body_bytes_max = 10'000});
    RawClient client(server.port());
    client.send(GetParam().request);
    const std::string response = client.response(GetParam().request.starts_with("HEAD"));
    EXPECT_EQ(status_of(response), GetParam().status) << response;
    EXPECT_THAT(response, HasSubstr(GetParam().body_part));
    if (GetParam().status == 400 || GetParam().status == 413 || GetParam().status == 431) {
        EXPECT_EQ(header_of(response, "Content-Type"), "application/problem+json");
        EXPECT_THAT(body_of(response),
                    HasSubstr("\"status\":" + std::to_string(GetParam().status)));
    }
}

// However the network cuts a request up, it means the same; a bad one may also be left unanswered,
// where it could still have become a good one.
TEST_P(Requests, GetTheSameInPieces) {
    const Router router = sample_router();
    RunningServer server(router, {.head_bytes_max = 4096, .body_bytes_max = 10'000});
    for (const std::size_t piece : {1, 3, 1024}) {
        RawClient client(server.port());
        std::string_view rest = GetParam().request;
        while (!rest.empty() && client.send(rest.substr(0, piece)))
            rest.remove_prefix(std::min(piece, rest.size()));
        client.end_sending();
        const std::string response = client.response(GetParam().request.starts_with("HEAD"));
        const int status = status_of(response);
        const bool unanswered = status == 0 && GetParam().status == 400;
        EXPECT_TRUE(status == GetParam().status || unanswered) << piece << ": " << response;
    }
}

const std::string big(20'000, 'a');

INSTANTIATE_TEST_SUITE_P(
    Routing, Requests,
    testing::Values(
        Case{"parameter, decoded", get("/things/a%2Fb%20c?x=1&y"), 200, "id=a/b c query=x=1&y"},
        Case{"a literal beats a parameter", get("/things/first"), 200, "the literal"},
        Case{"an empty parameter is none", get("/things/"), 404, "not_found"},
        Case{"unknown path", get("/nowhere"), 404, "not_found"},
        Case{"known path, other method", get("/echo", "DELETE"), 405,
             "Allow: GET, HEAD, OPTIONS, POST"},
        Case{"HEAD", get("/things/first", "HEAD"), 200, "Content-Length: 11"},
        Case{"OPTIONS", get("/things/7", "OPTIONS"), 204, "Allow: GET, HEAD, OPTIONS"},
        Case{"OPTIONS of all", get("*", "OPTIONS"), 204, "Allow: GET, HEAD, OPTIONS, POST"},
        Case{"a path of half a percent", get("/things/%4"), 400, "malformed_request"},
        Case{"a NUL in a path", get("/things/%00"), 400, "malformed_request"},
        Case{"a path that is no text", get("/things/x%F0"), 400, "percent-encoded UTF-8"},
        Case{"a path in Greek", get("/things/%CF%80"), 200, "id=\xCF\x80"},
        Case{"absolute form", get("http://example.com/things/7?a"), 200, "id=7 query=a"},
        Case{"a handler's bug stays inside", get("/fails"), 500, "\"code\":\"internal\""},
        Case{"the database is away", get("/away"), 503, "Retry-After: 1"},
        Case{"HTTP/1.0", "GET /things/1 HTTP/1.0\r\n\r\n", 200, "Connection: close"},
        Case{"HTTP/1.0, kept", "GET /things/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200,
             "Connection: keep-alive"},
        Case{"chunked, with an extension and a trailer",
             "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
             "5;ext=1\r\nhello\r\n3\r\nabc\r\n0\r\nAuthorization: x\r\n\r\n",
             200, "\r\n\r\nhelloabc"}));

std::string post(const std::string& fields, const std::string& body) {
    return "POST /echo HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

INSTANTIATE_TEST_SUITE_P(
    Smuggling, Requests,
    testing::Values(
        Case{"length and chunked",
             post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400, ""},
        Case{"chunked and length",
             post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400, ""},
        Case{"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400, ""},
        Case{"the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
             400, ""},
        Case{"two lengths in one", post("Content-Length: 5, 6\r\n", "hello"), 400, ""},
        Case{"a negative length", post("Content-Length: -1\r\n", ""), 400, ""},
        Case{"a signed length", post("Content-Length: +5\r\n", "hello"), 400, ""},
        Case{"a length beyond 64 bits", post("Content-Length: 99999999999999999999\r\n", ""), 400,
             ""},
        Case{"space before the colon", post("Content-Length : 5\r\n", "hello"), 400, ""},
        Case{"unknown coding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400, ""},
        Case{"chunked is not last", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), 400,
             ""},
        Case{"chunked after another", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
             400, ""},
        Case{"chunked twice",
             post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
             ""},
        Case{"chunked in HTTP/1.0",
             "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, ""},
        Case{"bare line feeds", "POST /echo HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello", 400,
             ""},
        Case{"negative chunk", post("Transfer-Encoding: chunked\r\n", "-1\r\nhello\r\n0\r\n\r\n"),
             400, ""},
        Case{"endless chunk size", post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFFF\r\n"),
             400, ""},
        Case{"chunk of bare line feed",
             post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"), 400, ""},
        Case{"length in a trailer",
             post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n"), 400, ""},
        Case{"no host", "GET /things/1 HTTP/1.1\r\n\r\n", 400, ""},
        Case{"two hosts", "GET /things/1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, ""},
        Case{"control in a value", "GET /things/1 HTTP/1.1\r\nHost: a\r\nX: a\x01\x62\r\n\r\n", 400,
             ""},
        Case{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, ""},
        Case{"no path", get("things"), 400, ""},
        Case{"CONNECT", get("example.com:443", "CONNECT"), 400, ""},
        Case{"star for GET", get("*"), 400, ""},
        Case{"TLS hello", std::string("\x16\x03\x01\x02\x00", 5) + big.substr(0, 300), 400, ""},
        Case{"an empty request line", "\r\n\r\n", 400, ""}));

INSTANTIATE_TEST_SUITE_P(
    LimitsOf, Requests,
    testing::Values(
        Case{"a body at the limit", post("Content-Length: 10000\r\n", big.substr(0, 10'000)), 200,
             ""},
        Case{"a body beyond it", post("Content-Length: 10001\r\n", ""), 413, "body_too_large"},
        Case{"a body that was sent", post("Content-Length: 20000\r\n", big), 413,
             "at most 10000 bytes"},
        Case{"chunks beyond it",
             post("Transfer-Encoding: chunked\r\n",
                  "1000\r\n" + big.substr(0, 4096) + "\r\n2000\r\n" + big.substr(0, 8192) + "\r\n"),
             413, "body_too_large"},
        Case{"a long header", get("/x HTTP/1.1\r\nA: " + big.substr(0, 4096)), 431, "4096 bytes"},
        Case{"a long target", get("/" + big), 431, ""},
        Case{"an endless chunk extension", post("Transfer-Encoding: chunked\r\n", "5;" + big + big),
             400, ""}));

TEST(ServerLimits, AHeaderPerPacketDoesNotEscapeTheLimit) {
    const Router router = sample_router();
    RunningServer server(router, {.head_bytes_max = 2048});
    RawClient client(server.port());
    // The first letter of the next header lets the parser take the last one in.
    client.send("GET /echo HTTP/1.1\r\nHost: x\r\nX");
    for (int i = 0; i < 200; ++i) {
        std::this_thread::sleep_for(1ms);
        if (!client.send("-Header-Number: " + std::to_string(i) + "\r\nX")) break;
    }
    EXPECT_EQ(status_of(client.response()), 431);
}

TEST(ServerLimits, HundredContinueIsSentOnlyForABodyThatFits) {
    const Router router = sample_router();
    RunningServer server(router, {.body_bytes_max = 100});
    RawClient fits(server.port());
    fits.send(post("Content-Length: 5\r\nExpect: 100-continue\r\n", ""));
    EXPECT_EQ(fits.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    fits.send("hello");
    EXPECT_EQ(body_of(fits.response()), "hello");

    EXPECT_EQ(status_of(exchange(server.port(),
                                 post("Content-Length: 500\r\nExpect: 100-continue\r\n", ""))),
              413);
}

// Each deadline alone, the others long. The sweep looks four times a second.
TEST(ServerDeadlines, SlowAndSilentClientsAreCut) {
    const Router router = sample_router();
    RunningServer idle_1s(router, {.idle_timeout = 1s});
    RunningServer head_1s(router, {.head_timeout = 1s});
    RunningServer body_1s(router, {.body_timeout = 1s});
    RawClient silent(idle_1s.port()), slow_head(head_1s.port()), slow_body(body_1s.port());
    RawClient silent_ok(head_1s.port()), body_ok(head_1s.port());
    body_ok.send(post("Content-Length: 5\r\n", ""));
    slow_head.send("GET /echo HTTP/1.1\r\n");
    slow_body.send(post("Content-Length: 50\r\n", "he"));
    // A byte now and then buys no more time.
    for (int i = 0; i < 4; ++i) {
        std::this_thread::sleep_for(200ms);
        slow_head.send("X: y\r\n");
        slow_body.send("l");
    }
    EXPECT_TRUE(slow_head.closed_within(5s));
    EXPECT_TRUE(slow_body.closed_within(5s));
    EXPECT_TRUE(silent.closed_within(5s));
    std::this_thread::sleep_for(600ms);
    silent_ok.send(get("/things/1"));
    EXPECT_EQ(status_of(silent_ok.response()), 200);
    body_ok.send("hello");
    EXPECT_EQ(status_of(body_ok.response()), 200);
}

// Closing before all was read would reset the connection, and the answer with it.
TEST(ServerLimits, ARefusedBodyMayBeSentToItsEnd) {
    const Router router = sample_router();
    RunningServer server(router, {.body_bytes_max = 1000});
    RawClient client(server.port());
    EXPECT_TRUE(client.send(post("Content-Length: 8000000\r\n", std::string(8'000'000, 'x'))));
    EXPECT_EQ(status_of(client.response()), 413);
}

TEST(Server, ATrailerIsNoHeader) {
    Router router;
    router.on("POST /who", [](const Request& request) -> Task<Response> {
        co_return Response{.body = "<" + std::string(request.headers.get("Authorization")) + ">"};
    });
    RunningServer server(router);
    const std::string request =
        "POST /who HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\nAuthorization: Bearer x\r\n\r\n";
    EXPECT_EQ(body_of(exchange(server.port(), request)), "<>");
}

TEST(ServerDeadlines, AReaderThatDoesNotReadIsCut) {
    Router router;
    std::promise<void> cut;
    router.on("GET /endless", [&](const Request&) -> Task<Response> {
        Response response{.content_type = "text/plain"};
        response.stream = [&](Writer& writer) -> Task<> {
            const std::string piece(32 * 1024, 'x');
            while (co_await writer.write(piece)) {
            }
            cut.set_value();
        };
        co_return response;
    });
    RunningServer server(router, {.write_timeout = 1s});
    RawClient client(server.port(), 4096);
    client.send(get("/endless"));
    EXPECT_EQ(cut.get_future().wait_for(6s), std::future_status::ready);
}

TEST(Server, DeliversALargeBodyToASlowReader) {
    Router router;
    router.on("GET /big", [](const Request&) -> Task<Response> {
        co_return Response{.body = std::string(8 * 1024 * 1024, 'x')};
    });
    RunningServer server(router, {.write_timeout = 1s});
    RawClient client(server.port(), 4096);
    client.send(get("/big"));
    EXPECT_EQ(body_of(client.response()).size(), 8u * 1024 * 1024);
}

TEST(ServerLimits, BeyondTheCapAConnectionIsTurnedAway) {
    const Router router = sample_router();
    RunningServer server(router, {.connections_max = 2});
    RawClient first(server.port()), second(server.port());
    first.send(get("/things/1"));
    second.send(get("/things/2"));
    EXPECT_EQ(status_of(first.response()), 200);
    EXPECT_EQ(status_of(second.response()), 200);

    RawClient third(server.port());
    third.send(get("/things/3"));
    const std::string response = third.response();
    EXPECT_EQ(status_of(response), 503);
    EXPECT_EQ(header_of(response, "Retry-After"), "1");
    EXPECT_EQ(header_of(response, "Connection"), "close");
    first.send(get("/things/1"));
    EXPECT_EQ(status_of(first.response()), 200);
}

TEST(ServerStop, FinishesWhatIsOpenAndRefusesWhatIsNew) {
    Router router;
    std::promise<void> entered;
    std::atomic<bool> may_go = false;
    asio::io_context* io = nullptr;
    router.on("GET /slow", [&](const Request&) -> Task<Response> {
        entered.set_value();
        while (!may_go) co_await sleep_for(*io, 5ms);
        co_return Response{.body = "done"};
    });
    router.on("GET /quick", [](const Request&) -> Task<Response> { co_return Response{}; });
    auto server = std::make_unique<RunningServer>(router);
    io = &server->io();
    RawClient idle(server->port()), busy(server->port());
    idle.send(get("/quick"));
    EXPECT_EQ(status_of(idle.response()), 200);
    busy.send(get("/slow"));
    entered.get_future().wait();

    const std::future<void> stopped = server->stop();
    EXPECT_TRUE(idle.closed_within(2s));
    EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
    EXPECT_THROW(RawClient(server->port()), std::runtime_error);
    may_go = true;
    const std::string response = busy.response();
    EXPECT_EQ(body_of(response), "done");
    EXPECT_EQ(header_of(response, "Connection"), "close");
    EXPECT_EQ(stopped.wait_for(5s), std::future_status::ready);
    server.reset();
}

TEST(ServerStop, DoesNotWaitForEver) {
    Router router;
    std::promise<void> entered;
    asio::io_context* io = nullptr;
    router.on("GET /hangs", [&](const Request&) -> Task<Response> {
        entered.set_value();
        co_await sleep_for(*io, 1h);
        co_return Response{};
    });
    RunningServer server(router, {.drain_timeout = 1s});
    io = &server.io();
    RawClient client(server.port());
    client.send(get("/hangs"));
    entered.get_future().wait();
    EXPECT_EQ(server.stop().wait_for(5s), std::future_status::ready);
    EXPECT_TRUE(client.closed_within(1s));
}

TEST(Server, SaysWhyItCannotListen) {
    const Router router;
    asio::io_context io;
    const Server first(io, "127.0.0.1", 0, router);
    try {
        const Server second(io, "127.0.0.1", first.port(), router);
        FAIL() << "the port is in use";
    } catch (const Unavailable& error) {
        EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:" + std::to_string(first.port())));
        EXPECT_THAT(error.what(), HasSubstr("in use"));
    }
    EXPECT_THROW(Server(io, "not an address", 0, router), Unavailable);
}

TEST(Server, AHeaderValueCannotBeginAnotherHeader) {
    Router router;
    router.on("GET /x", [](const Request&) -> Task<Response> {
        co_return Response{
            .headers = {{"X-Echo", "a\r\nSet-Cookie: b"}, {"Content-Length", "999"}}
        };
    });
    RunningServer server(router);
    const std::string response = exchange(server.port(), get("/x"));
    EXPECT_EQ(header_of(response, "Set-Cookie"), "");
    EXPECT_EQ(header_of(response, "X-Echo"), "a  Set-Cookie: b");
    EXPECT_EQ(header_of(response, "Content-Length"), "0");
}

TEST(Server, CountsByRouteAndNotByWhatStrangersSend) {
    const Router router = sample_router();
    RunningServer server(router);
    exchange(server.port(), get("/things/42"));
    exchange(server.port(), get("/strange/path/1"));
    exchange(server.port(), get("/things/42", "BREW"));
    exchange(server.port(), "nonsense\r\n\r\n");
    const std::string text = metrics::exposition();
    for (const char* line :
         {"http_requests_total{method=\"GET\",route=\"/things/{id}\",status=\"200\"}",
          "http_requests_total{method=\"GET\",route=\"other\",status=\"404\"}",
          "http_requests_total{method=\"other\",route=\"other\",status=\"405\"}",
          "http_requests_total{method=\"other\",route=\"refused\",status=\"400\"}",
          "http_request_seconds_bucket{route=\"/things/{id}\","})
        EXPECT_THAT(text, HasSubstr(line));
    EXPECT_THAT(text, testing::Not(HasSubstr("strange")));
    EXPECT_THAT(text, testing::Not(HasSubstr("BREW")));
}

// Whatever comes, the server answers the next one.
TEST(Server, SurvivesMutatedRequests) {
    const char* fixed = std::getenv("PAYDESK_SEED");
    const std::uint64_t seed = fixed != nullptr ? std::stoull(fixed) : std::random_device{}();
    SCOPED_TRACE(testing::Message() << "PAYDESK_SEED=" << seed);
    std::mt19937_64 random(seed);
    const Router router = sample_router();
    RunningServer server(router, {.head_bytes_max = 1024, .body_bytes_max = 1024});
    const std::string seeds[] = {
        get("/things/7?a=b"), post("Content-Length: 5\r\n", "hello"),
        post("Transfer-Encoding: chunked\r\n", "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")};
    const std::string alphabet = "\r\n: ;,0f5%/?\t\x80x" + std::string(1, '\0');
    for (int round = 0; round < 500; ++round) {
        std::string text = seeds[random() % 3] + seeds[random() % 3];
        for (std::size_t i = 0; i < 1 + random() % 4; ++i) {
            const std::size_t at = random() % text.size();
            switch (random() % 3) {
                case 0:
                    text[at] = alphabet[random() % alphabet.size()];
                    break;
                case 1:
                    text.erase(at, 1 + random() % 8);
                    break;
                default:
                    text.insert(at, 1, alphabet[random() % alphabet.size()]);
            }
            if (text.empty()) text = "x";
        }
        RawClient client(server.port());
        client.send(text);
        client.end_sending();
        client.until_closed();
    }
    EXPECT_EQ(status_of(exchange(server.port(), get("/things/1"))), 200);
}

TEST(Router, FinishSeesRefusalsToo) {
    Router router = sample_router();
    router.finish_with([](const Request& request, Response& response) {
        response.headers.add("X-Seen", request.path);
    });
    RunningServer server(router);
    for (const char* path : {"/things/1", "/nowhere", "/fails"})
        EXPECT_EQ(header_of(exchange(server.port(), get(path)), "X-Seen"), path);
}

}  // namespace
}  // namespace paydesk::http
