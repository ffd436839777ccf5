#include "http/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/http_test_server.h"

namespace paydesk::http {
namespace {

using namespace std::chrono_literals;
using test::header_of, test::RawClient, test::RunningServer, test::status_of;
using testing::HasSubstr, testing::StartsWith;

const std::string subscribe = "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n";

// A server with one topic, "a", whose hub lives on the server's thread.
class Sse : public testing::Test {
protected:
    Sse() {
        router_.on("GET /stream", [this](const Request& request) -> Task<Response> {
            std::string backlog;
            if (request.headers.contains("Last-Event-ID")) backlog = sse_event("1", "kept", "{}");
            co_return hub_->subscribe("a", backlog);
        });
        server_ = std::make_unique<RunningServer>(router_, Limits{.write_timeout = 30s});
        hub_ = std::make_unique<EventHub>(server_->io());
    }
    ~Sse() override {
        server_->on_thread([this] { hub_.reset(); });
        server_.reset();
    }

    void publish(const std::string& id, const std::string& data, const std::string& topic = "a") {
        server_->on_thread([&] { hub_->publish(topic, id, "note", data); });
    }
    std::size_t readers() {
        std::size_t count = 0;
        server_->on_thread([&] { count = hub_->readers(); });
        return count;
    }
    bool readers_become(std::size_t count) {
        for (int i = 0; i < 500 && readers() != count; ++i) std::this_thread::sleep_for(10ms);
        return readers() == count;
    }

    Router router_;
    std::unique_ptr<RunningServer> server_;
    std::unique_ptr<EventHub> hub_;
};

TEST(SseEvent, IsFramed) {
    EXPECT_EQ(sse_event("1", "note", "{}"), "id: 1\nevent: note\ndata: {}\n\n");
    EXPECT_EQ(sse_event("", "", "a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
    EXPECT_EQ(sse_event("1\nevent: x", "a\r\nb", ""), "id: 1event: x\nevent: ab\ndata: \n\n");
}

TEST_F(Sse, DeliversToTheTopicsReaders) {
    RawClient first(server_->port()), second(server_->port());
    first.send(subscribe);
    second.send(subscribe);
    const std::string head = first.until("\r\n\r\n");
    EXPECT_EQ(header_of(head, "Content-Type"), "text/event-stream");
    EXPECT_EQ(header_of(head, "Cache-Control"), "no-store");
    EXPECT_EQ(header_of(head, "Content-Length"), "");
    ASSERT_TRUE(readers_become(2));
    publish("6", "{\"of\":\"another\"}", "b");
    publish("7", "{\"n\":1}");
    publish("8", "{\"n\":2}");
    const std::string all =
        "id: 7\nevent: note\ndata: {\"n\":1}\n\nid: 8\nevent: note\ndata: {\"n\":2}\n\n";
    EXPECT_EQ(first.until("{\"n\":2}\n\n"), "retry: 2000\n\n" + all);
    EXPECT_THAT(second.until("{\"n\":2}\n\n"), testing::EndsWith(all));
}

TEST_F(Sse, TheBacklogGoesFirst) {
    RawClient client(server_->port());
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n");
    EXPECT_THAT(client.until("data: {}\n\n"), HasSubstr("retry: 2000\n\nid: 1\nevent: kept\n"));
}

TEST_F(Sse, AReaderThatLeavesIsForgottenAtOnce) {
    {
        RawClient client(server_->port());
        client.send(subscribe);
        ASSERT_TRUE(readers_become(1));
    }
    EXPECT_TRUE(readers_become(0));
}

TEST_F(Sse, HeadOpensNoStream) {
    RawClient client(server_->port());
    client.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n" + subscribe);
    EXPECT_EQ(status_of(client.response(true)), 200);
    ASSERT_TRUE(readers_become(1));
}

TEST_F(Sse, ASlowReaderIsCutAndOthersGoOn) {
    RawClient slow(server_->port(), 4096), quick(server_->port());
    slow.send(subscribe);
    quick.send(subscribe);
    ASSERT_TRUE(readers_become(2));
    const std::string large(32 * 1024, 'x');
    int sent = 0;
    for (; readers() == 2 && sent < 2'000; ++sent) {
        publish(std::to_string(sent), large);
        quick.until("id: " + std::to_string(sent) + "\n");
        quick.until("\n\n");
    }
    EXPECT_TRUE(readers_become(1)) << "after " << sent << " events";
    publish("last", "{}");
    EXPECT_THAT(quick.until("data: {}"), HasSubstr("id: last"));
}

TEST_F(Sse, ReadersOfATopicAreBounded) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (std::size_t i = 0; i < sse_readers_per_topic_max; ++i) {
        clients.push_back(std::make_unique<RawClient>(server_->port()));
        clients.back()->send(subscribe);
    }
    ASSERT_TRUE(readers_become(sse_readers_per_topic_max));
    EXPECT_EQ(status_of(test::exchange(server_->port(), subscribe)), 429);
}

TEST_F(Sse, StreamsEndWhenTheServerStops) {
    RawClient client(server_->port());
    client.send(subscribe);
    ASSERT_TRUE(readers_become(1));
    EXPECT_EQ(server_->stop().wait_for(3s), std::future_status::ready);
    EXPECT_THAT(client.until_closed(), StartsWith("HTTP/1.1 200"));
}

TEST_F(Sse, CloseEndsStreamsAndTakesNoMore) {
    RawClient client(server_->port());
    client.send(subscribe);
    ASSERT_TRUE(readers_become(1));
    server_->on_thread([this] { hub_->close(); });
    EXPECT_TRUE(readers_become(0));
    EXPECT_EQ(status_of(test::exchange(server_->port(), subscribe)), 503);
}

}  // namespace
}  // namespace paydesk::http
