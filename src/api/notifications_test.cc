#include <algorithm>

#include "api/test_api.h"
#include "notify/notifications.h"

namespace paydesk::api {
namespace {

// An open connection of a reader.
class Page final : public http::Writer {
public:
    explicit Page(asio::io_context& io) : io_(io) {}
    Task<bool> write(std::string_view bytes) override {
        received.append(bytes);
        co_await sleep_for(io_, std::chrono::milliseconds(0));
        co_return !closed;
    }
    bool stopping() const override { return closed; }
    void on_end(std::function<void()> wake) override { wake_ = std::move(wake); }
    void close() {
        closed = true;
        if (wake_) wake_();
    }

    std::string received;
    bool closed = false, ended = false;

private:
    asio::io_context& io_;
    std::function<void()> wake_;
};

class Notifications : public TestApi {
protected:
    ~Notifications() override {
        live_.stop();
        for (auto& page : pages_) page->close();
        until([this] {
            return std::ranges::all_of(pages_, [](const auto& page) { return page->ended; }) &&
                   !live_runs_;
        });
    }

    void start_live() {
        live_runs_ = true;
        asio::co_spawn(io_, live_.run(), [this](std::exception_ptr failure) {
            EXPECT_FALSE(failure);
            live_runs_ = false;
        });
        db_.listen(database_.server_url(), notify::account_channel,
                   [this](std::string_view account) { live_.wake(account); });
    }

    Page& open(const char* user, const std::string& last_event_id = {},
               const std::string& token = {}) {
        auto asked = request("GET", "/api/notifications/stream", user);
        if (!token.empty()) asked.headers.set("Authorization", "Bearer " + token);
        if (!last_event_id.empty()) asked.headers.add("Last-Event-ID", last_event_id);
        auto response = std::make_shared<http::Response>(run(router_.route(asked)));
        EXPECT_EQ(response->status, 200);
        EXPECT_EQ(response->content_type, "text/event-stream");
        pages_.push_back(std::make_unique<Page>(io_));
        Page& page = *pages_.back();
        asio::co_spawn(
            io_,
            [](std::shared_ptr<http::Response> r, Page& to) -> Task<> { co_await r->stream(to); }(
                                                                response, page),
            [&page](std::exception_ptr) { page.ended = true; });
        response.reset();
        return page;
    }

    template <class Condition>
    bool until(Condition condition, std::chrono::milliseconds patience = std::chrono::seconds(5)) {
        for (auto waited = std::chrono::milliseconds(0); waited < patience;
             waited += std::chrono::milliseconds(5)) {
            if (condition()) return true;
            io_.run_for(std::chrono::milliseconds(5));
        }
        return condition();
    }

    // As the webhook's transaction does it.
    void tell(const char* user, const std::string& fact) {
        run([](db::Database& db, std::string account, std::string key) -> Task<bool> {
            co_await db.transaction([&](db::Tx& tx) -> Task<> {
                std::vector<notify::Notification> list;
                list.push_back({.account = {account},
                                .type = "payment_success",
                                .title = "Paid",
                                .message = "Thank you",
                                .metadata = {{"amount", 4900}},
                                .fact_key = key});
                co_await notify::add(tx, std::move(list));
            });
            co_return true;
        }(db_, user, fact));
    }

    std::vector<std::unique_ptr<Page>> pages_;
    bool live_runs_ = false;
};

TEST_F(Notifications, AreListedCountedAndMarked) {
    std::string ids[3];
    for (int i = 0; i < 3; ++i) ids[i] = add_notification(ada, "fact_" + std::to_string(i));
    Answer list = get("/api/notifications?limit=2", ada);
    ASSERT_EQ(list.status, 200);
    EXPECT_EQ(list.text({"notifications", "0", "id"}), ids[2]);
    EXPECT_EQ(list.body.at("unread_count").as_int64(), 3);
    EXPECT_TRUE(list.body.at("has_more").as_bool());
    EXPECT_EQ(get("/api/notifications?limit=2&starting_after=" + ids[1], ada)
                  .text({"notifications", "0", "id"}),
              ids[0]);

    EXPECT_EQ(patch("/api/notifications", ada,
                    {
                        {"id",   ids[0]},
                        {"read", true  }
    })
                  .body.at("unread_count")
                  .as_int64(),
              2);
    EXPECT_EQ(patch("/api/notifications", ada,
                    {
                        {"id", ids[0]}
    })
                  .body.at("updated")
                  .as_int64(),
              1)
        << "twice is fine";
    EXPECT_EQ(get("/api/notifications?unread=true", ada).body.at("notifications").as_array().size(),
              2u);
    EXPECT_EQ(patch("/api/notifications", ada,
                    {
                        {"ids",  {ids[0], ids[1]}},
                        {"read", false           }
    })
                  .body.at("unread_count")
                  .as_int64(),
              3);
    EXPECT_EQ(patch("/api/notifications", ada,
                    {
                        {"all", true}
    })
                  .body.at("updated")
                  .as_int64(),
              3);
    EXPECT_EQ(get("/api/notifications", ada).body.at("unread_count").as_int64(), 0);
}

TEST_F(Notifications, WrongMarksAreRefused) {
    const std::string id = add_notification(ada, "fact");
    const std::string both = R"({"id": ")" + id + R"(", "all": true})";
    for (const std::string& body :
         {std::string("{}"), both, std::string(R"({"all": false})"), std::string(R"({"id": "1"})"),
          std::string(R"({"ids": []})"), std::string(R"({"ids": "x"})"),
          std::string(R"({"ids": ["1,2"]})"), std::string(R"({"all": true, "read": "yes"})"),
          std::string(R"({"all": true, "title": "x"})")}) {
        EXPECT_EQ(send(request("PATCH", "/api/notifications", ada, body)).status, 422) << body;
    }
    EXPECT_EQ(patch("/api/notifications", ada,
                    {
                        {"id", "0190ada0-0000-7000-8000-00000000ffff"}
    })
                  .status,
              404);
}

TEST_F(Notifications, AnOpenPageHearsOfItsOwnAtOnce) {
    start_live();
    Page& adas = open(ada);
    Page& graces = open(grace);
    until([&] { return !adas.received.empty() && !graces.received.empty(); });
    // Whether LISTEN stands already, nobody says: knock until it is heard.
    ASSERT_TRUE(until([&] {
        database_.run("select pg_notify('paydesk_account', $1)", {ada});
        return adas.received.find("event: changed") != std::string::npos;
    }));
    tell(ada, "fact_1");
    ASSERT_TRUE(
        until([&] { return adas.received.find("event: notification") != std::string::npos; },
              std::chrono::seconds(4)))
        << adas.received;
    EXPECT_NE(adas.received.find("\"title\":\"Paid\""), std::string::npos);
    EXPECT_EQ(graces.received.find("event:"), std::string::npos) << graces.received;

    // Once, not again with the next.
    tell(ada, "fact_2");
    const auto told = [&] {
        int times = 0;
        for (auto at = adas.received.find("event: notification"); at != std::string::npos;
             at = adas.received.find("event: notification", at + 1))
            ++times;
        return times;
    };
    until([&] { return told() >= 2; });
    EXPECT_EQ(told(), 2);
}

TEST_F(Notifications, WhatWasMissedComesFirst) {
    const std::string seen = add_notification(ada, "fact_1");
    const std::string missed = add_notification(ada, "fact_2");
    add_notification(grace, "fact_3");
    Page& page = open(ada, seen);
    ASSERT_TRUE(until([&] { return page.received.find("id: " + missed) != std::string::npos; }))
        << page.received;
    EXPECT_EQ(page.received.find("id: " + seen), std::string::npos);

    auto asked = request("GET", "/api/notifications/stream", ada);
    asked.headers.add("Last-Event-ID", "not-a-uuid");
    EXPECT_EQ(send(asked).status, 422);
}

TEST_F(Notifications, TheStreamEndsWithItsToken) {
    start_live();
    // Good for one second more, by the skew that is allowed.
    Page& page = open(ada,
                      {
    },
                      sign_claims({{"sub", ada},
                                   {"role", "authenticated"},
                                   {"aud", "authenticated"},
                                   {"exp", to_unix(clock_.now()) - 29}}));
    until([] { return false; }, std::chrono::milliseconds(2'100));
    tell(ada, "fact_1");
    EXPECT_TRUE(until([&] {
        live_.wake(ada);
        return page.ended;
    }));
    EXPECT_EQ(page.received.find("event: notification"), std::string::npos) << page.received;
}

TEST_F(Notifications, TheStreamNeedsAToken) {
    EXPECT_EQ(get("/api/notifications/stream").status, 401);
}

}  // namespace
}  // namespace paydesk::api
