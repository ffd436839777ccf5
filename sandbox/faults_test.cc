// Faults: what strikes, how often, and that it is written down.

#include "sandbox/faults.h"

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::children;
using stripe::number;
using stripe::text;
using testing::ElementsAre;

class FaultsTest : public SandboxTest {
protected:
    json::object fault(const std::string& body) {
        const auto reply = call("POST", "/_sandbox/faults", body);
        EXPECT_EQ(reply.status, 200) << reply.text;
        return reply.body;
    }
    json::array log() { return children(call("GET", "/_sandbox/faults/log").body, "data"); }
    std::size_t left() { return children(call("GET", "/_sandbox/faults").body, "data").size(); }
    void listen() {
        made("/v1/webhook_endpoints", "url=http%3A%2F%2F127.0.0.1%3A9%2Fh&enabled_events[]=*");
    }
    std::vector<std::string> received_types() {
        std::vector<std::string> types;
        for (const auto& request : receiver_.received) {
            types.push_back(text(json::parse(request.body).as_object(), "type"));
        }
        return types;
    }
};

TEST_F(FaultsTest, PatternsFit) {
    for (const auto& [pattern, subject, expected] :
         std::vector<std::tuple<std::string, std::string, bool>>{
             {"",                   "POST /v1/customers",         true },
             {"POST *",             "POST /v1/customers",         true },
             {"POST *",             "GET /v1/customers",          false},
             {"POST /v1/customers", "POST /v1/customers/cus_1",   false},
             {"* /v1/*/pay",        "POST /v1/invoices/in_1/pay", true },
             {"* /v1/*/pay",        "POST /v1/invoices/in_1",     false},
             {"*",                  "",                           true },
             {"invoice.*",          "invoice.paid",               true },
             {"*.updated",          "customer.updated",           true },
             {"*.updated",          "customer.updated.x",         false}
    }) {
        EXPECT_EQ(fits(pattern, subject), expected) << pattern << " on " << subject;
    }
}

TEST_F(FaultsTest, RefuseACallBeforeItsEffect) {
    fault(
        R"({"fault": "429", "route": "POST /v1/customers", "count": 2, "reason": "endpoint-rate"})");
    const auto reply = call("POST", "/v1/customers");
    EXPECT_EQ(reply.status, 429);
    EXPECT_EQ(reply.code(), "rate_limit");
    EXPECT_EQ(reply.headers.get("Stripe-Rate-Limited-Reason"), "endpoint-rate");
    EXPECT_EQ(call("GET", "/v1/customers").status, 200);
    EXPECT_EQ(call("POST", "/v1/customers").status, 429);
    EXPECT_EQ(call("POST", "/v1/customers").status, 200);
    EXPECT_EQ(store_.ids("customer").size(), 1u);
    EXPECT_EQ(left(), 0u);
    ASSERT_EQ(log().size(), 2u);
    EXPECT_EQ(text(log().at(0).as_object(), "subject"), "POST /v1/customers");
}

TEST_F(FaultsTest, LoseTheAnswerAfterTheEffect) {
    fault(R"({"fault": "500", "when": "after", "route": "POST *", "count": 1})");
    http::Headers keyed{
        {"Idempotency-Key", "k1"}
    };
    EXPECT_EQ(call("POST", "/v1/customers", "", keyed).status, 500);
    EXPECT_EQ(store_.ids("customer").size(), 1u);
    const auto again = call("POST", "/v1/customers", "", keyed);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
    EXPECT_EQ(store_.ids("customer").size(), 1u);
}

TEST_F(FaultsTest, RefuseWhatCannotBe) {
    for (const auto* body :
         {R"({})", R"({"fault": "earthquake"})", R"({"fault": "500", "event": "invoice.*"})",
          R"({"fault": "drop", "route": "POST *"})", R"({"fault": "drop", "when": "after"})",
          R"({"fault": "500", "probability": 2})", R"({"fault": "500", "count": 0})",
          R"({"fault": "500", "count": "many"})", R"({"fault": "500", "surprise": 1})",
          R"({"fault": "old_version", "api_version": "soon"})",
          R"({"fault": "429", "reason": "x"})",
          R"({"faults": [{"fault": "500"}, {"fault": "earthquake"}]})"}) {
        EXPECT_EQ(call("POST", "/_sandbox/faults", body).status, 400) << body;
    }
    EXPECT_EQ(left(), 0u);
    EXPECT_EQ(call("DELETE", "/_sandbox/faults/fault_none").status, 404);
}

TEST_F(FaultsTest, AreTakenAway) {
    const auto one = text(fault(R"({"fault": "500"})"), "id");
    fault(R"({"fault": "502"})");
    EXPECT_EQ(call("DELETE", "/_sandbox/faults/" + one).status, 200);
    EXPECT_EQ(left(), 1u);
    EXPECT_EQ(call("DELETE", "/_sandbox/faults").status, 200);
    EXPECT_EQ(left(), 0u);
    EXPECT_EQ(call("POST", "/v1/customers").status, 200);
}

TEST_F(FaultsTest, DuplicateDropAndAge) {
    listen();
    fault(R"({"fault": "duplicate", "event": "customer.created", "copies": 2})");
    fault(R"({"fault": "drop", "event": "product.created"})");
    fault(R"({"fault": "old_version", "event": "price.created", "api_version": "2023-10-16"})");
    made("/v1/customers");
    price();
    settle();
    EXPECT_THAT(received_types(), ElementsAre("customer.created", "customer.created",
                                              "customer.created", "plan.created", "price.created"));
    EXPECT_EQ(text(json::parse(receiver_.received.back().body).as_object(), "api_version"),
              "2023-10-16");
    EXPECT_EQ(log().size(), 3u);
    restart();  // what was upset once is not upset again
    sandbox_->deliverer().wake();
    settle();
    EXPECT_EQ(receiver_.received.size(), 5u);
}

TEST_F(FaultsTest, ReorderEventsThatHappenTogether) {
    listen();
    sandbox_->account().seed(3);
    made("/v1/subscriptions",
         "customer=" + customer_with("pm_card_visa") + "&items[0][price]=" + price());
    settle();
    const auto straight = received_types();
    receiver_.received.clear();
    fault(R"({"fault": "reorder"})");
    const auto customer = customer_with("pm_card_visa");
    const auto other = price();
    clock_.advance(std::chrono::seconds(3));
    sandbox_->deliverer().wake();
    settle();
    receiver_.received.clear();
    made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + other);
    settle();
    clock_.advance(std::chrono::seconds(3));
    sandbox_->deliverer().wake();
    settle();
    const auto mixed = received_types();
    ASSERT_LE(mixed.size(), straight.size());
    const std::vector<std::string> tail(straight.end() - static_cast<std::ptrdiff_t>(mixed.size()),
                                        straight.end());
    EXPECT_THAT(mixed, testing::UnorderedElementsAreArray(tail));
    EXPECT_NE(mixed, tail);
}

TEST_F(FaultsTest, PutEventsIntoOneSecond) {
    fault(R"({"fault": "same_second", "seconds": 3600})");
    made("/v1/customers");
    clock_.advance(std::chrono::seconds(90));
    made("/v1/customers");
    const auto& ids = store_.ids("event");
    ASSERT_EQ(ids.size(), 2u);
    EXPECT_EQ(number(*store_.find(ids[0]), "created"), number(*store_.find(ids[1]), "created"));
}

TEST_F(FaultsTest, StrikeAlikeWithOneSeed) {
    const auto run = [&] {
        Store store;
        SandboxClock clock(clock_);
        stripe::Account account(store, clock, stripe::Version::newest(), "http://x");
        account.seed(42);
        Faults faults(account);
        faults.add(json::parse(R"({"fault": "500", "probability": 0.5})").as_object());
        std::string pattern;
        for (int i = 0; i < 64; ++i) {
            pattern += faults.strike(Faults::Place::call, "", "GET /", "").empty() ? '.' : 'X';
        }
        return pattern + account.new_id("cus_");
    };
    const auto first = run();
    EXPECT_EQ(first, run());
    EXPECT_GT(std::ranges::count(first, '.'), 16);
    EXPECT_GT(std::ranges::count(first, 'X'), 16);
}

TEST_F(FaultsTest, SeedGivesTheSameEvents) {
    const auto run = [&] {
        Store store;
        sandbox_ = std::make_unique<Sandbox>(io_, store, clock_, receiver_, recorder_,
                                             stripe::Version::newest(), "http://x");
        sandbox_->account().seed(7);
        made("/v1/subscriptions",
             "customer=" + customer_with("pm_card_visa") + "&items[0][price]=" + price());
        std::string all;
        for (const auto& event : store.ids("event")) {
            all += json::serialize(*store.find(event)) + "\n";
        }
        restart();
        return all;
    };
    const auto first = run();
    EXPECT_FALSE(first.empty());
    EXPECT_EQ(first, run());
}

TEST_F(FaultsTest, RateLimitRefusesTheRest) {
    EXPECT_EQ(call("POST", "/_sandbox/rate_limit", R"({"calls_per_second": 2})").status, 200);
    EXPECT_EQ(call("GET", "/v1/customers").status, 200);
    EXPECT_EQ(call("GET", "/v1/customers").status, 200);
    const auto refused = call("GET", "/v1/customers");
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.headers.get("Stripe-Rate-Limited-Reason"), "global-rate");
    clock_.advance(std::chrono::seconds(1));
    EXPECT_EQ(call("GET", "/v1/customers").status, 200);
}

}  // namespace
}  // namespace paydesk::sandbox
