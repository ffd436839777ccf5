// What buyers see of PayPal.

#include <gmock/gmock.h>

#include "sandbox/paypal/test_paypal.h"

namespace paydesk::sandbox {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PayPalPages : public PayPalTest {
protected:
    static std::string link_of(const json::object& object, std::string_view rel) {
        for (const json::value& one : children(object, "links")) {
            if (text(one.as_object(), "rel") != rel) continue;
            return text(one.as_object(), "href")
                .substr(std::string_view("http://127.0.0.1:8420").size());
        }
        return {};
    }
    json::object ordered(const std::string& context) {
        return made_by("/v2/checkout/orders",
                       R"({"intent":"CAPTURE","purchase_units":[{"description":"<b>Credits</b>",)"
                       R"("amount":{"currency_code":"USD","value":"19.00"}}],)"
                       R"("application_context":)" +
                           context + "}");
    }
    std::string location(const Reply& reply) { return std::string(reply.headers.get("Location")); }
    const std::string yes = "email=ada%40example.com&funding=balance&answer=approve";
};

TEST_F(PayPalPages, AnOrderIsShownEscapedAndApprovedOnce) {
    const auto made = ordered(R"({"brand_name":"A & B","user_action":"PAY_NOW",)"
                              R"("return_url":"http://shop.example/ok?x=1"})");
    const auto page = link_of(made, "approve");
    const auto shown = call("GET", page);
    EXPECT_EQ(shown.status, 200);
    EXPECT_THAT(shown.text, HasSubstr("Pay A &amp; B"));
    EXPECT_THAT(shown.text, HasSubstr("&lt;b&gt;Credits&lt;/b&gt;"));
    EXPECT_THAT(shown.text, HasSubstr("19.00 USD"));
    EXPECT_THAT(shown.text, HasSubstr("Pay now</button>"));
    EXPECT_EQ(call("POST", page, "email=x&funding=balance&answer=approve").status, 400);
    EXPECT_EQ(call("POST", page, "email=a%40b.c&funding=gold&answer=approve").status, 400);
    const auto back = call("POST", page, yes);
    EXPECT_EQ(back.status, 303);
    EXPECT_THAT(location(back),
                StartsWith("http://shop.example/ok?x=1&token=" + id(made) + "&PayerID="));
    EXPECT_EQ(call("POST", page, yes).status, 404);
    EXPECT_THAT(told(), testing::ElementsAre("CHECKOUT.ORDER.APPROVED"));
}

TEST_F(PayPalPages, WithoutAnAddressTheyStayHere) {
    const auto made = ordered("{}");
    EXPECT_THAT(call("POST", link_of(made, "approve"), "answer=cancel").text,
                HasSubstr("You did not pay."));
    EXPECT_THAT(call("POST", link_of(made, "approve"), yes).text,
                HasSubstr("You approved the payment."));
    EXPECT_EQ(call("GET", "/paypal/checkoutnow?token=none").status, 404);
    EXPECT_EQ(call("GET", "/paypal/nothing").status, 404);
}

TEST_F(PayPalPages, ADeclinedCardIsSaidAndAnotherIsTaken) {
    const auto made = made_by("/v1/billing/subscriptions",
                              R"({"plan_id":")" + plan(cycle()) +
                                  R"(","application_context":{"return_url":"http://shop.example/",)"
                                  R"("cancel_url":"http://shop.example/no"}})");
    const auto page = link_of(made, "approve");
    EXPECT_THAT(call("GET", page).text, HasSubstr("9.00 USD every month"));
    EXPECT_THAT(call("POST", page, "email=a%40b.c&funding=declined&answer=approve").text,
                HasSubstr("declined"));
    EXPECT_EQ(text(subscription(id(made)), "status"), "APPROVAL_PENDING");
    EXPECT_THAT(location(call("POST", page, "answer=cancel")),
                StartsWith("http://shop.example/no?subscription_id=" + id(made) + "&ba_token=BA-"));
    EXPECT_THAT(location(call("POST", page, yes)),
                StartsWith("http://shop.example/?subscription_id=" + id(made) + "&ba_token=BA-"));
    EXPECT_EQ(text(subscription(id(made)), "status"), "ACTIVE");
    EXPECT_EQ(call("POST", page, yes).status, 404);
}

TEST_F(PayPalPages, ARevisionIsAgreedToOrNot) {
    const auto made = active(plan(cycle()));
    const auto path = "/v1/billing/subscriptions/" + made + "/revise";
    const auto other = plan(cycle("29.00"));
    const auto revise = [&] {
        return link_of(made_by(path, R"({"plan_id":")" + other + R"("})"), "approve");
    };
    const auto refused = revise();
    EXPECT_THAT(call("GET", refused).text, HasSubstr("29.00 USD every month"));
    EXPECT_THAT(call("POST", refused, "answer=cancel").text, HasSubstr("Nothing changes."));
    EXPECT_EQ(call("POST", refused, yes).status, 404);
    EXPECT_NE(text(subscription(made), "plan_id"), other);
    EXPECT_THAT(call("POST", revise(), yes).text, HasSubstr("changes with its next payment"));
    EXPECT_EQ(text(subscription(made), "plan_id"), other);
}

TEST_F(PayPalPages, WhatHappenedIsThereToBeRead) {
    const auto made =
        active(plan(cycle()), "balance", R"(,"subscriber":{"name":{"given_name":"<i>"}})");
    const auto order_id = order();
    const auto index = call("GET", "/paypal").text;
    EXPECT_THAT(index, HasSubstr(made));
    EXPECT_THAT(index, HasSubstr(order_id));
    EXPECT_THAT(index, HasSubstr("PAYMENT.SALE.COMPLETED"));
    for (const auto& event : store_.ids("paypal.event")) {
        const auto page = call("GET", "/paypal/events/" + event);
        EXPECT_EQ(page.status, 200);
        EXPECT_THAT(page.text, Not(HasSubstr("<i>")));
    }
    EXPECT_EQ(call("GET", "/paypal/events/none").status, 404);
}

}  // namespace
}  // namespace paydesk::sandbox
