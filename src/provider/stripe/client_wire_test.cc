// The client over a real socket: what libcurl makes of our requests, and what a handler sees of them.

#include <gtest/gtest.h>

#include "base/log.h"
#include "http/server.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {
namespace {

TEST(StripeClientWire, RequestsArriveAsTheyWereMeant) {
    log::set_level(log::Level::error);
    std::vector<http::Request> arrived;
    http::Router router;
    router.otherwise([&](const http::Request& request) -> Task<http::Response> {
        arrived.push_back(request);
        const bool is_first_post = arrived.size() == 1;
        if (is_first_post) co_return http::Response{.status = 500, .body = "{}"};
        co_return http::Response{.body = R"({"id":"cus_1","object":"customer"})"};
    });

    run_to_end([&](asio::io_context& io) -> Task<> {
        http::Server server(io, "127.0.0.1", 0, router);
        server.start();
        http::CurlTransport transport(io, 2);
        const SystemClock clock;
        ClientOptions options{
            .secret_key = "sk_test_1",
            .base_url = "http://127.0.0.1:" + std::to_string(server.port()),
        };
        options.wait = [&io](std::chrono::milliseconds) -> Task<> {
            co_await sleep_for(io, std::chrono::milliseconds(1));
        };
        Client client(io, transport, clock, options);
        StripeProvider provider(client, clock);

        NewCustomer input{.account = {"3f2b8c1e-5d4a-4c7b-9e21-7a6f0d9b8c11"}};
        input.name = "Søn & Co";
        const auto customer = co_await provider.create_customer({"customer:1"}, input);
        EXPECT_TRUE(customer);
        EXPECT_TRUE(co_await provider.expire_checkout({"expire:1"}, {"cs_1"}));
        EXPECT_TRUE(co_await provider.fetch(ObjectKind::customer, {"cus_1"}));
        EXPECT_TRUE(co_await client.del("/v1/subscriptions/sub_1", Form().set("prorate", true)));
        co_await server.stop();
    });

    ASSERT_EQ(arrived.size(), 5u);
    for (const int post : {0, 1}) {
        EXPECT_EQ(arrived[post].method, "POST");
        EXPECT_EQ(arrived[post].path, "/v1/customers");
        EXPECT_TRUE(arrived[post].body.starts_with("name=S%C3%B8n%20%26%20Co&metadata[user_id]="));
        EXPECT_EQ(arrived[post].headers.get("Idempotency-Key"), "customer:1");
        EXPECT_EQ(arrived[post].headers.get("Content-Type"), "application/x-www-form-urlencoded");
        EXPECT_EQ(arrived[post].headers.get("Authorization"), "Bearer sk_test_1");
    }
    // A POST without parameters still says that its body is empty.
    EXPECT_EQ(arrived[2].path, "/v1/checkout/sessions/cs_1/expire");
    EXPECT_EQ(arrived[2].headers.get("Content-Length"), "0");
    EXPECT_EQ(arrived[2].body, "");
    EXPECT_EQ(arrived[3].method, "GET");
    EXPECT_FALSE(arrived[3].headers.contains("Content-Type"));
    EXPECT_EQ(arrived[4].method, "DELETE");
    EXPECT_EQ(arrived[4].query, "prorate=true");
    EXPECT_EQ(arrived[4].body, "");
}

TEST(StripeClientWire, NobodyThereIsUnavailable) {
    log::set_level(log::Level::error);
    run_to_end([&](asio::io_context& io) -> Task<> {
        http::CurlTransport transport(io, 1);
        const SystemClock clock;
        ClientOptions options{.secret_key = "sk_test_1", .base_url = "http://127.0.0.1:1"};
        int waits = 0;
        options.wait = [&](std::chrono::milliseconds) -> Task<> {
            ++waits;
            co_return;
        };
        Client client(io, transport, clock, options);
        const Answer answer = co_await client.get("/v1/things");
        EXPECT_FALSE(answer);
        EXPECT_EQ(to_refusal(answer.error()).code, ErrorCode::provider_unavailable);
        EXPECT_EQ(waits, retries_max);
    });
}

}  // namespace
}  // namespace paydesk::provider::stripe
