// Events on their way to endpoints.

#include "sandbox/stripe/deliverer.h"

#include <gmock/gmock.h>

#include "base/crypto.h"
#include "sandbox/stripe/events.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::text;

class Delivery : public SandboxTest {
protected:
    std::string endpoint(const std::string& more = "&enabled_events[]=*") {
        const auto made_endpoint =
            made("/v1/webhook_endpoints", "url=http%3A%2F%2F127.0.0.1%3A9%2Fhook" + more);
        secret_ = text(made_endpoint, "secret");
        return id(made_endpoint);
    }
    json::object delivery(std::size_t index = 0) {
        return children(call("GET", "/_sandbox/deliveries").body, "data").at(index).as_object();
    }
    std::string secret_;
};

TEST_F(Delivery, SignsWithTheWholeSecretAndRealTime) {
    const auto made_endpoint = endpoint();
    EXPECT_FALSE(got("/v1/webhook_endpoints/" + made_endpoint).contains("secret"));
    advance(40 * 86400);
    made("/v1/customers", "name=%C3%84da");
    settle();
    ASSERT_EQ(receiver_.received.size(), 1u);
    const auto& sent = receiver_.received.front();
    EXPECT_EQ(sent.headers.get("Stripe-Signature"),
              "t=1800000000,v1=" + to_hex(hmac_sha256(secret_, "1800000000." + sent.body)));
    EXPECT_THAT(sent.body, testing::StartsWith("{\n  \"id\": \"evt_"));
    EXPECT_EQ(text(delivery(), "status"), "delivered");
}

TEST_F(Delivery, RendersInTheEndpointsVersion) {
    endpoint("&enabled_events[]=customer.subscription.created&api_version=2024-11-20.acacia");
    made("/v1/subscriptions",
         "customer=" + customer_with("pm_card_visa") + "&items[0][price]=" + price());
    settle();
    ASSERT_EQ(receiver_.received.size(), 1u);
    const auto event = json::parse(receiver_.received.front().body).as_object();
    EXPECT_EQ(text(event, "api_version"), "2024-11-20.acacia");
    EXPECT_TRUE(child(child(event, "data"), "object").contains("current_period_end"));
    EXPECT_TRUE(text(child(event, "request"), "id").starts_with("req_"));
}

TEST_F(Delivery, KeepsTheOrderAndTriesAgain) {
    endpoint();
    receiver_.statuses = {500, 200};
    made("/v1/customers", "name=a");
    settle();
    EXPECT_EQ(text(delivery(), "status"), "pending");
    EXPECT_EQ(number(children(delivery(), "attempts").at(0).as_object(), "status"), 500);
    clock_.advance(std::chrono::seconds(2));
    sandbox_->deliverer().wake();
    settle();
    EXPECT_EQ(text(delivery(), "status"), "delivered");
    ASSERT_EQ(receiver_.received.size(), 2u);
    // Signed afresh: the time moved.
    EXPECT_NE(receiver_.received[0].headers.get("Stripe-Signature"),
              receiver_.received[1].headers.get("Stripe-Signature"));
}

TEST_F(Delivery, GivesUpInTheEnd) {
    endpoint();
    receiver_.statuses.assign(20, 0);
    made("/v1/customers");
    for (int i = 0; i < 12; ++i) {
        settle();
        clock_.advance(std::chrono::hours(2));
        sandbox_->deliverer().wake();
    }
    settle();
    EXPECT_EQ(text(delivery(), "status"), "failed");
    EXPECT_EQ(receiver_.received.size(), static_cast<std::size_t>(stripe::delivery_attempts_max));
}

TEST_F(Delivery, PausedDeliveriesWaitEvenOverARestart) {
    endpoint();
    call("POST", "/_sandbox/webhooks/pause");
    made("/v1/customers");
    settle();
    EXPECT_TRUE(receiver_.received.empty());
    restart();
    sandbox_->deliverer().wake();
    settle();
    EXPECT_TRUE(receiver_.received.empty());
    call("POST", "/_sandbox/webhooks/resume");
    settle();
    EXPECT_EQ(receiver_.received.size(), 1u);
}

TEST_F(Delivery, ResendsAndSignsWithoutSending) {
    endpoint();
    made("/v1/customers");
    settle();
    const auto event = store_.ids("event").front();
    EXPECT_EQ(number(call("POST", "/_sandbox/events/" + event + "/resend").body, "deliveries"), 1);
    settle();
    ASSERT_EQ(receiver_.received.size(), 2u);
    EXPECT_EQ(receiver_.received[0].body.substr(0, 60), receiver_.received[1].body.substr(0, 60));

    const auto payload =
        call("POST", "/_sandbox/events/" + event + "/payload",
             R"({"api_version":"2024-11-20.acacia","secret":"whsec_x","timestamp":17})");
    EXPECT_EQ(text(payload.body, "signature"),
              "t=17,v1=" + to_hex(hmac_sha256("whsec_x", "17." + text(payload.body, "body"))));
    EXPECT_EQ(receiver_.received.size(), 2u);
    EXPECT_EQ(call("POST", "/_sandbox/events/evt_none/resend").status, 404);
}

}  // namespace
}  // namespace paydesk::sandbox
