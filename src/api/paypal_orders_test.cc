#include "api/test_paypal.h"

namespace paydesk::api {
namespace {

class PayPalOrders : public TestPayPal {
protected:
    Answer order(std::string user = ada) {
        return post("/api/paypal/create-order", user,
                    {
                        {"planId", "credits_1000"}
        });
    }
    Answer capture(std::string id, std::string user = ada) {
        return post("/api/paypal/capture-order", user,
                    {
                        {"orderId", id}
        });
    }
    std::string top_ups() {
        return count("paydesk.credit_grants where kind = 'top_up' and issued = 1000");
    }
};

TEST_F(PayPalOrders, AnOrderIsApprovedThenCaptured) {
    const Answer begun = order();
    ASSERT_EQ(begun.status, 200) << json::serialize(begun.body);
    const std::string id = begun.text({"orderId"});
    EXPECT_EQ(begun.text({"approvalUrl"}), "https://pay.example/" + id);
    const auto& asked = *paypal_.last_checkout;
    EXPECT_EQ(asked.unit_amount, Money(2'000, Currency::usd()));
    EXPECT_EQ(asked.description, "Credit top-up");
    EXPECT_EQ(asked.customer.value, ada) << "PayPal has no customers: ours is the account";
    EXPECT_EQ(asked.success_url, "https://app.example/success?session_id={CHECKOUT_SESSION_ID}")
        << "the provider fills it in";
    EXPECT_EQ(order().text({"orderId"}), id) << "a double click";

    EXPECT_EQ(capture(id).code(), "checkout_not_approved");
    EXPECT_EQ(capture(id, grace).status, 404);
    EXPECT_EQ(get("/api/paypal/orders/" + id, grace).status, 404);
    EXPECT_EQ(get("/api/paypal/orders/" + id, ada).text({"status"}), "open");

    paypal_.approved.insert(id);
    const Answer captured = capture(id);
    ASSERT_EQ(captured.status, 200) << json::serialize(captured.body);
    EXPECT_EQ(captured.text({"status"}), "complete");
    EXPECT_EQ(captured.text({"captureId"}), "CAP-" + id);
    EXPECT_EQ(captured.body.at("amount").as_int64(), 2'000);
    EXPECT_EQ(top_ups(), "1");
    EXPECT_EQ(get("/api/checkout/" + asked.checkout_id, ada).text({"status"}), "complete")
        << "what the success page asks for";
}

TEST_F(PayPalOrders, ReturnPageWebhookAndJobCaptureOnce) {
    const std::string id = order().text({"orderId"});
    paypal_.approved.insert(id);
    tell(paypal_.told_of_order({id}));
    EXPECT_EQ(count("paydesk.jobs where kind = 'capture_checkout' and status = 'queued'"), "1");
    const std::string body = json::serialize(json::object{
        {"orderId", id}
    });
    const auto answers = send_together({request("POST", "/api/paypal/capture-order", ada, body),
                                        request("POST", "/api/paypal/capture-order", ada, body)});
    for (const auto& answer : answers) EXPECT_EQ(answer.status, 200);
    run_jobs();
    tell(paypal_.told_of_order({id}));
    tell(paypal_.told_of_order({id}));
    run_jobs();
    EXPECT_EQ(count("paydesk.charges"), "1");
    EXPECT_EQ(count("paydesk.payments where status = 'succeeded'"), "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'payment_success'"), "1");
    EXPECT_EQ(top_ups(), "1");
    std::set<std::string> intents;
    for (const auto& [call, intent] : paypal_.calls) {
        if (call == "capture_checkout") intents.insert(intent);
    }
    EXPECT_EQ(intents.size(), 1u) << "one key, whoever captures";
}

TEST_F(PayPalOrders, TheWebhookAloneCapturesToo) {
    const std::string id = order().text({"orderId"});
    paypal_.approved.insert(id);
    tell(paypal_.told_of_order({id}));
    run_jobs();
    EXPECT_EQ(get("/api/paypal/orders/" + id, ada).text({"status"}), "complete");
    EXPECT_EQ(top_ups(), "1");
}

TEST_F(PayPalOrders, APaymentThatIsLookedAtGrantsWhenItHasCome) {
    const std::string id = order().text({"orderId"});
    paypal_.approved.insert(id);
    paypal_.pending_captures.insert(id);
    EXPECT_EQ(capture(id).text({"status"}), "processing");
    EXPECT_EQ(top_ups(), "0");

    paypal_.pending_captures.clear();
    auto told = paypal_.told_of_order({id});
    std::erase_if(told, [](const auto& change) {
        return change.kind !=
               provider::ObjectKind::charge;  // PAYMENT.CAPTURE.COMPLETED tells no more
    });
    tell(told);
    run_jobs();
    EXPECT_EQ(get("/api/paypal/orders/" + id, ada).text({"status"}), "complete");
    EXPECT_EQ(top_ups(), "1");
}

TEST_F(PayPalOrders, WhatWasGivenUpIsNotCaptured) {
    const std::string id = order().text({"orderId"});
    database_.run("update paydesk.checkouts set status = 'abandoned'");
    paypal_.approved.insert(id);
    tell(paypal_.told_of_order({id}));
    run_jobs();
    EXPECT_EQ(paypal_.count("capture_checkout"), 0);
    EXPECT_EQ(capture(id).code(), "checkout_not_approved");
    EXPECT_EQ(get("/api/paypal/orders/" + id, ada).text({"status"}), "expired");
}

TEST_F(PayPalOrders, ADeclinedPaymentLeavesTheOrderOpen) {
    const std::string id = order().text({"orderId"});
    paypal_.approved.insert(id);
    paypal_.failures.push_back({
        "capture_checkout", {ErrorCode::payment_declined, "INSTRUMENT_DECLINED"}
    });
    EXPECT_EQ(capture(id).status, 402);
    EXPECT_EQ(get("/api/paypal/orders/" + id, ada).text({"status"}), "open");
    EXPECT_EQ(capture(id).text({"status"}), "complete") << "another way of paying was approved";
}

TEST_F(PayPalOrders, ALostAnswerIsAskedForAgainUnderOneKey) {
    const std::string id = order().text({"orderId"});
    paypal_.approved.insert(id);
    paypal_.failures.push_back({
        "capture_checkout", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(capture(id).status, 503);
    EXPECT_EQ(capture(id).text({"status"}), "complete");
    EXPECT_EQ(count("paydesk.payments"), "1");
}

TEST_F(PayPalOrders, OnlyAServiceNamesAnAmount) {
    const json::value named{
        {"amount",      1'900              },
        {"currency",    "usd"              },
        {"description", "Auth System block"}
    };
    EXPECT_EQ(post("/api/paypal/create-order", ada, named).status, 422);
    auto asked = request("POST", "/api/paypal/create-order", {}, json::serialize(named));
    asked.headers.add("Authorization", std::string("Bearer ") + service_key);
    asked.headers.add("Paydesk-Account", ada);
    const Answer first = send(asked);
    ASSERT_EQ(first.status, 200) << json::serialize(first.body);
    const Answer second = send(asked);
    EXPECT_NE(first.text({"orderId"}), second.text({"orderId"})) << "two orders, and both are open";
    EXPECT_EQ(paypal_.last_checkout->unit_amount, Money(1'900, Currency::usd()));

    const std::string id = first.text({"orderId"});
    paypal_.approved.insert(id);
    const Answer captured = capture(id);
    EXPECT_EQ(captured.text({"status"}), "complete");
    EXPECT_EQ(captured.text({"description"}), "Auth System block");
    EXPECT_EQ(captured.body.at("amount").as_int64(), 1'900);
    EXPECT_EQ(top_ups(), "0");
}

TEST_F(PayPalOrders, WhatIsWrongIsRefused) {
    const std::pair<const char*, const char*> bodies[] = {
        {R"({})",                                                         "planId"  },
        {R"({"planId": "credits_1000", "quantity": 0})",                  "quantity"},
        {R"({"planId": "credits_1000", "amount": 5, "currency": "usd"})", "amount"  },
        {R"({"amount": 5})",                                              "currency"},
    };
    for (const auto& [body, field] : bodies) {
        const Answer answer = send(request("POST", "/api/paypal/create-order", ada, body));
        EXPECT_EQ(answer.status, 422) << body;
        EXPECT_NE(json::serialize(answer.body).find(field), std::string::npos) << body;
    }
    EXPECT_EQ(send(request("POST", "/api/paypal/create-order", ada, R"({"planId": "pro"})")).status,
              422)
        << "a plan is subscribed to";
    EXPECT_EQ(
        send(request("POST", "/api/paypal/create-order", ada, R"({"planId": "nope"})")).code(),
        "plan_unknown");
    EXPECT_EQ(send(request("POST", "/api/paypal/capture-order", ada, "{}")).status, 422);
}

TEST_F(PayPalOrders, IsRefundedByTheRouteOfAllProviders) {
    const std::string id = order().text({"orderId"});
    paypal_.approved.insert(id);
    const Answer captured = capture(id);
    const auto refund = [&](json::object body) {
        auto asked = request("POST", "/api/admin/refunds", {}, json::serialize(body));
        asked.headers.add("Authorization", "Bearer " + token_of(grace, true));
        return send(asked);
    };
    const Answer refunded = refund({
        {"paymentId", captured.text({"payment_id"})},
        {"amount",    500                          }
    });
    EXPECT_EQ(refunded.status, 201) << json::serialize(refunded.body);
    const Answer rest = refund({
        {"captureId", captured.text({"captureId"})}
    });
    EXPECT_EQ(rest.status, 201) << json::serialize(rest.body);
    EXPECT_EQ(paypal_.count("create_refund"), 2);
    EXPECT_EQ(provider_.count("create_refund"), 0);
    EXPECT_EQ(refund({
                         {"captureId", "CAP-OF-NOBODY"}
    })
                  .status,
              404);
    EXPECT_EQ(refund(json::object{}).status, 422);
}

TEST_F(PayPalOrders, WithoutPayPalTheRefusalSaysSo) {
    services_.flows.paypal.reset();
    const Answer refused = order();
    EXPECT_EQ(refused.status, 409) << json::serialize(refused.body);
    EXPECT_EQ(refused.code(), "provider_not_configured");
    EXPECT_EQ(get("/api/config").body.at("providers"), (json::array{"stripe"}));
}

}  // namespace
}  // namespace paydesk::api
