// PayPal's events on their way: signatures, attempts, faults; and the parts they are made of.

#include <gmock/gmock.h>

#include "base/crypto.h"
#include "sandbox/paypal/deliverer.h"
#include "sandbox/paypal/events.h"
#include "sandbox/paypal/keys.h"
#include "sandbox/paypal/raw_member.h"
#include "sandbox/paypal/test_paypal.h"
#include "sandbox/paypal/webhooks.h"

namespace paydesk::sandbox {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class PayPalWebhooks : public PayPalTest {
protected:
    PayPalWebhooks() {
        paypal::keep_webhook(sandbox_->paypal().account(), "HOOK", "http://127.0.0.1:9/hook");
    }
    void product() { made_by("/v1/catalogs/products", R"({"name":"Pro","type":"SERVICE"})"); }
    // As a receiver checks it who holds the webhook's id.
    bool is_signed(const http::ClientRequest& sent, std::string_view webhook = "HOOK") {
        const auto header = [&](const char* name) { return std::string(sent.headers.get(name)); };
        return sandbox_->paypal().keys().verifies(
            header("PAYPAL-CERT-URL"),
            paypal::signed_text(header("PAYPAL-TRANSMISSION-ID"),
                                header("PAYPAL-TRANSMISSION-TIME"), webhook, sent.body),
            header("PAYPAL-TRANSMISSION-SIG"));
    }
    std::vector<std::string> sent_types() {
        std::vector<std::string> types;
        for (const auto& request : receiver_.received) {
            types.push_back(text(json::parse(request.body).as_object(), "event_type"));
        }
        return types;
    }
    json::object delivery() {
        return children(call("GET", "/_sandbox/paypal/deliveries").body, "data").at(0).as_object();
    }
};

TEST_F(PayPalWebhooks, AreSignedInRealTimeOverTheExactBytes) {
    pass(40);
    product();
    settle();
    ASSERT_THAT(receiver_.received, SizeIs(1));
    auto& sent = receiver_.received.front();
    EXPECT_EQ(sent.headers.get("PAYPAL-TRANSMISSION-TIME"), "2027-01-15T08:00:00Z");
    EXPECT_EQ(sent.headers.get("PAYPAL-AUTH-ALGO"), "SHA256withRSA");
    EXPECT_TRUE(is_signed(sent));
    EXPECT_FALSE(is_signed(sent, "OTHER"));
    sent.body += " ";
    EXPECT_FALSE(is_signed(sent));
}

TEST_F(PayPalWebhooks, TheTextThatIsSignedIsPayPals) {
    // The CRC-32 of "123456789" is the checksum's own test value, 0xCBF43926.
    EXPECT_EQ(paypal::signed_text("id", "time", "HOOK", "123456789"), "id|time|HOOK|3421780262");
}

TEST_F(PayPalWebhooks, ACertificateIsRenewedBeforeItEndsAndTheOldOneStays) {
    auto& keys = sandbox_->paypal().keys();
    const auto first = keys.certificate_url();
    EXPECT_EQ(keys.certificate_url(), first);
    const auto signature = keys.sign("text");
    clock_.advance(std::chrono::days(336));
    const auto second = keys.certificate_url();
    EXPECT_NE(second, first);
    EXPECT_TRUE(keys.verifies(first, "text", signature));
    EXPECT_FALSE(keys.verifies(second, "text", signature));
    EXPECT_FALSE(keys.verifies("http://elsewhere.example/cert", "text", signature));
    EXPECT_FALSE(keys.verifies(first, "text", "no base64!"));
    const auto path = first.substr(std::string_view("http://127.0.0.1:8420").size());
    EXPECT_EQ(call("GET", path).status, 200);
    EXPECT_EQ(call("GET", path + "x").status, 404);
    restart();
    EXPECT_EQ(sandbox_->paypal().keys().certificate_url(), second);
}

TEST_F(PayPalWebhooks, AreTriedTwentyFiveTimesMoreInThreeDays) {
    receiver_.statuses.assign(40, 500);
    product();
    settle();
    std::int64_t waited = 0;
    for (std::size_t attempt = 2; attempt <= paypal::resends_max + 1; ++attempt) {
        const auto pause = paypal::pause_before(attempt);
        waited += pause;
        advance(pause - 1);
        settle();
        EXPECT_THAT(receiver_.received, SizeIs(attempt - 1));
        advance(1);
        settle();
        EXPECT_THAT(receiver_.received, SizeIs(attempt));
    }
    EXPECT_EQ(text(delivery(), "status"), "failed");
    EXPECT_GT(waited, 70 * 3600);
    EXPECT_LE(waited, 72 * 3600);
    advance(10 * 86400);
    settle();
    EXPECT_THAT(receiver_.received, SizeIs(paypal::resends_max + 1));
    std::set<std::string> transmissions, events;
    for (const auto& request : receiver_.received) {
        transmissions.insert(std::string(request.headers.get("PAYPAL-TRANSMISSION-ID")));
        events.insert(text(json::parse(request.body).as_object(), "id"));
    }
    EXPECT_THAT(transmissions, SizeIs(26));
    EXPECT_THAT(events, SizeIs(1));
}

TEST_F(PayPalWebhooks, SufferTheFaultsThatAreSet) {
    const auto fault = [&](const std::string& one) {
        EXPECT_EQ(call("POST", "/_sandbox/faults", one).status, 200) << one;
    };
    fault(R"({"fault":"lost_cancelled"})");
    fault(R"({"fault":"late_repeat","seconds":172800})");
    fault(R"({"fault":"duplicate","event":"BILLING.PLAN.CREATED","copies":2})");
    fault(R"({"fault":"delay","event":"CATALOG.PRODUCT.CREATED","seconds":600})");
    const auto made = active(plan(cycle()));
    paypal("POST", "/v1/billing/subscriptions/" + made + "/cancel", R"({"reason":"x"})");
    settle();
    EXPECT_THAT(sent_types(),
                ElementsAre("BILLING.PLAN.CREATED", "BILLING.PLAN.CREATED", "BILLING.PLAN.CREATED",
                            "BILLING.SUBSCRIPTION.CREATED", "BILLING.SUBSCRIPTION.ACTIVATED",
                            "PAYMENT.SALE.COMPLETED"));
    receiver_.received.clear();
    advance(600);
    settle();
    EXPECT_THAT(sent_types(), ElementsAre("CATALOG.PRODUCT.CREATED"));
    advance(2 * 86400);
    settle();
    EXPECT_THAT(sent_types(), ElementsAre("CATALOG.PRODUCT.CREATED", "PAYMENT.SALE.COMPLETED"));
    EXPECT_EQ(told().back(), "BILLING.SUBSCRIPTION.CANCELLED");
}

TEST_F(PayPalWebhooks, FaultsOfCallsAreWordedAsPayPalWordsThem) {
    const auto struck = [&](const char* one) {
        call("POST", "/_sandbox/faults",
             std::string(R"({"count":1,"route":"GET /paypal/*","fault":")") + one + "\"}");
        return paypal("GET", "/v1/catalogs/products");
    };
    EXPECT_EQ(text(struck("429").body, "name"), "RATE_LIMIT_REACHED");
    EXPECT_EQ(text(struck("500").body, "name"), "INTERNAL_SERVER_ERROR");
    EXPECT_EQ(struck("502").status, 502);
    EXPECT_EQ(paypal("GET", "/v1/catalogs/products").status, 200);
}

TEST_F(PayPalWebhooks, ArePausedWithStripes) {
    call("POST", "/_sandbox/webhooks/pause");
    product();
    settle();
    EXPECT_THAT(receiver_.received, SizeIs(0));
    call("POST", "/_sandbox/webhooks/resume");
    settle();
    EXPECT_THAT(receiver_.received, SizeIs(1));
}

TEST_F(PayPalWebhooks, WhoeverIsGoneGetsNothing) {
    receiver_.statuses = {500};
    product();
    settle();
    EXPECT_EQ(paypal("DELETE", "/v1/notifications/webhooks/HOOK").status, 204);
    advance(3600);
    settle();
    EXPECT_THAT(receiver_.received, SizeIs(1));
    EXPECT_EQ(text(delivery(), "status"), "failed");
}

TEST(PayPalRawMember, IsTheVeryText) {
    const auto raw = [](std::string_view whole) {
        return std::string(paypal::raw_member(whole, "b").value_or("none"));
    };
    EXPECT_EQ(raw(R"({"a":1,"b": {"x" : [1, "}"]} ,"c":2})"), R"({"x" : [1, "}"]})");
    EXPECT_EQ(raw(R"({"b":1.50})"), "1.50");
    EXPECT_EQ(raw(R"({"b":"a\"b,"})"), R"("a\"b,")");
    EXPECT_EQ(raw(R"({"a":{"b":1}})"), "none");
    EXPECT_EQ(raw(R"({"b":1,"b":2})"), "2");
    EXPECT_EQ(raw(R"({"\u0062":7})"), "7");
    EXPECT_EQ(raw(R"({"b":[]})"), "[]");
    EXPECT_EQ(raw("[]"), "none");
    EXPECT_EQ(raw("{}"), "none");
}

}  // namespace
}  // namespace paydesk::sandbox
