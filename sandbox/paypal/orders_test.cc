// Orders and captures: what is allowed in which state.

#include <gmock/gmock.h>

#include "sandbox/paypal/test_paypal.h"

namespace paydesk::sandbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PayPalOrders : public PayPalTest {
protected:
    Reply capture(const std::string& order_id) {
        return paypal("POST", "/v2/checkout/orders/" + order_id + "/capture");
    }
    std::string captured(const std::string& funding = "balance") {
        const auto made = order();
        approve("orders/" + made, funding);
        const auto reply = capture(made);
        EXPECT_EQ(reply.status, 201) << reply.text;
        const auto& unit = children(reply.body, "purchase_units").at(0).as_object();
        return id(children(child(unit, "payments"), "captures").at(0).as_object());
    }
    std::string status(const std::string& path) { return text(read(path), "status"); }
    Reply refund(const std::string& capture_id, std::string body = "{}") {
        return paypal("POST", "/v2/payments/captures/" + capture_id + "/refund", std::move(body));
    }
};

// How an order got into its state, and what each call then says.
TEST_F(PayPalOrders, EveryStateAllowsWhatItAllows) {
    struct State {
        const char* name;
        std::function<std::string()> make;
        const char* status;
        const char *captures, *patches, *approves;
    };
    const State states[] = {
        {"created",        [&] { return order(); }, "CREATED",   "ORDER_NOT_APPROVED",     "",                        ""                       },
        {"approved",
         [&] {
             auto made = order();
             approve("orders/" + made);
             return made;
         },                                         "APPROVED",  "",                       "",                        "ORDER_ALREADY_COMPLETED"},
        {"declined",
         [&] {
             auto made = order();
             approve("orders/" + made, "declined");
             EXPECT_EQ(issue(capture(made)), "INSTRUMENT_DECLINED");
             return made;
         },                                         "APPROVED",  "INSTRUMENT_DECLINED",    "",                        ""                       },
        {"completed",
         [&] {
             auto made = order();
             approve("orders/" + made);
             capture(made);
             return made;
         },                                         "COMPLETED", "ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_COMPLETED",
         "ORDER_ALREADY_COMPLETED"                                                                                                             },
        {"never captured",
         [&] {
             auto made = order();
             approve("orders/" + made);
             pass(4);
             return made;
         },                                         "VOIDED",    "ORDER_EXPIRED",          "INVALID_RESOURCE_ID",     "ORDER_ALREADY_COMPLETED"},
    };
    for (const State& state : states) {
        SCOPED_TRACE(state.name);
        const auto path = "/v2/checkout/orders/";
        EXPECT_EQ(status(path + state.make()), state.status);
        EXPECT_EQ(issue(capture(state.make())), state.captures);
        EXPECT_EQ(issue(paypal("PATCH", path + state.make(),
                               R"([{"op":"add","path":"/purchase_units/@reference_id=='default')"
                               R"(/description","value":"x"}])")),
                  state.patches);
        const auto approved = call("POST", "/_sandbox/paypal/orders/" + state.make() + "/approve");
        EXPECT_THAT(approved.text, HasSubstr(state.approves));
        EXPECT_EQ(approved.status == 200, std::string_view(state.approves).empty());
    }
}

TEST_F(PayPalOrders, NobodyFindsAnOrderThatNobodyApprovedInTime) {
    const auto made = order();
    advance(6 * 3600 - 1);
    EXPECT_EQ(status("/v2/checkout/orders/" + made), "CREATED");
    advance(1);
    EXPECT_EQ(paypal("GET", "/v2/checkout/orders/" + made).status, 404);
    EXPECT_EQ(issue(capture(made)), "INVALID_RESOURCE_ID");
}

TEST_F(PayPalOrders, AttemptsComeToAnEnd) {
    const auto made = order();
    approve("orders/" + made, "declined");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(issue(capture(made)), "INSTRUMENT_DECLINED");
    EXPECT_EQ(issue(capture(made)), "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED");
    approve("orders/" + made);
    EXPECT_EQ(issue(capture(made)), "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED");
}

TEST_F(PayPalOrders, TheApprovedAmountStays) {
    const auto made = order("10.00");
    approve("orders/" + made);
    const auto path = "/v2/checkout/orders/" + made;
    const auto change = [&](const char* value) {
        return issue(paypal("PATCH", path,
                            std::string(R"([{"op":"replace","path":"/purchase_units/)") +
                                R"(@reference_id=='default'/amount","value":{"currency_code":)" +
                                R"("USD","value":")" + value + R"("}}])"));
    };
    EXPECT_EQ(change("11.00"), "AMOUNT_CHANGE_NOT_ALLOWED");
    EXPECT_EQ(change("10.00"), "");
    EXPECT_EQ(change("0.00"), "CANNOT_BE_ZERO_OR_NEGATIVE");
    EXPECT_EQ(issue(paypal("PATCH", path,
                           R"([{"op":"remove","path":"/purchase_units/)"
                           R"(@reference_id=='default'/amount"}])")),
              "UNSUPPORTED_PATCH_OPERATION");
    EXPECT_EQ(issue(paypal("PATCH", path,
                           R"([{"op":"add","path":"/purchase_units/)"
                           R"(@reference_id=='other'/custom_id","value":"x"}])")),
              "REFERENCE_ID_NOT_FOUND");
    EXPECT_EQ(issue(paypal("PATCH", path)), "MISSING_REQUEST_BODY");
    EXPECT_EQ(issue(paypal("PATCH", path, R"([{"op":"add","path":"/status","value":"x"}])")),
              "NOT_PATCHABLE");
}

TEST_F(PayPalOrders, EveryStateOfACaptureAllowsItsRefunds) {
    struct State {
        const char *funding, *status, *refunds;
    };
    for (const State& state : {
             State{"balance", "COMPLETED", ""                  },
             {"echeck",  "PENDING",   "PENDING_CAPTURE"   },
             {"refused", "DECLINED",  "REFUND_NOT_ALLOWED"}
    }) {
        SCOPED_TRACE(state.funding);
        const auto capture_id = captured(state.funding);
        EXPECT_EQ(status("/v2/payments/captures/" + capture_id), state.status);
        EXPECT_EQ(issue(refund(capture_id)), state.refunds);
    }
    const auto twice = captured();
    EXPECT_EQ(issue(refund(twice, R"({"amount":{"currency_code":"USD","value":"18.99"}})")), "");
    EXPECT_EQ(status("/v2/payments/captures/" + twice), "PARTIALLY_REFUNDED");
    EXPECT_EQ(issue(refund(twice, R"({"amount":{"currency_code":"USD","value":"0.02"}})")),
              "REFUND_AMOUNT_EXCEEDED");
    EXPECT_EQ(issue(refund(twice)), "");
    EXPECT_EQ(issue(refund(twice)), "CAPTURE_FULLY_REFUNDED");
    EXPECT_THAT(told("PAYMENT.CAPTURE.REFUNDED"), testing::SizeIs(3));
}

TEST_F(PayPalOrders, APendingCaptureIsSettledByHandOrByTime) {
    const auto by_hand = captured("echeck");
    controlled("captures/" + by_hand + "/settle", R"({"status":"DECLINED"})");
    EXPECT_EQ(status("/v2/payments/captures/" + by_hand), "DECLINED");
    EXPECT_EQ(call("POST", "/_sandbox/paypal/captures/" + by_hand + "/settle").status, 422);
    captured("bounced_echeck");
    pass(5);
    EXPECT_THAT(told("PAYMENT.CAPTURE"),
                ElementsAre("PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DENIED",
                            "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DENIED"));
}

TEST_F(PayPalOrders, AReversalTakesTheRest) {
    const auto capture_id = captured();
    refund(capture_id, R"({"amount":{"currency_code":"USD","value":"4.00"}})");
    controlled("captures/" + capture_id + "/reverse");
    EXPECT_EQ(told().back(), "PAYMENT.CAPTURE.REVERSED");
    EXPECT_EQ(status("/v2/payments/captures/" + capture_id), "REFUNDED");
    EXPECT_EQ(call("POST", "/_sandbox/paypal/captures/" + capture_id + "/reverse").status, 422);
}

TEST_F(PayPalOrders, ACallThatOverlapsItsRepetitionIsAConflict) {
    const auto made = order();
    approve("orders/" + made);
    call("POST", "/_sandbox/latency", R"({"milliseconds":20})");
    int finished = 0;
    std::vector<int> statuses;
    for (int i = 0; i < 2; ++i) {
        http::Request request;
        request.method = "POST";
        request.path = "/paypal/v2/checkout/orders/" + made + "/capture";
        request.headers.set("Authorization", "Bearer " + token_);
        request.headers.set("PayPal-Request-Id", "once");
        spawn(
            io_, "test_call",
            [](Sandbox& sandbox, http::Request asked, std::vector<int>& said, int& done) -> Task<> {
                said.push_back((co_await sandbox.handle(asked)).status);
                ++done;
            }(*sandbox_, std::move(request), statuses, finished));
    }
    io_.restart();
    while (finished < 2) io_.run_one();
    EXPECT_THAT(statuses, ElementsAre(409, 201));
    EXPECT_EQ(paypal("POST", "/v2/checkout/orders/" + made + "/capture",
                     {
    },
                     {{"PayPal-Request-Id", "once"}})
                  .status,
              200);
}

}  // namespace
}  // namespace paydesk::sandbox
