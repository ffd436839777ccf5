// Payments that are held and captured by hand, and failures that a person plans.

#include "sandbox/stripe/charging.h"

#include <gmock/gmock.h>

#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::number;
using stripe::text;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::int64_t day = 86400;

class Held : public SandboxTest {
protected:
    std::string hold(const std::string& method = "pm_card_visa") {
        const auto held = made("/v1/payment_intents",
                               "amount=2000&currency=usd&confirm=true&capture_method=manual&"
                               "payment_method=" +
                                   method);
        return id(held);
    }
    json::object charge_of(const std::string& intent) {
        return json::object(child(got("/v1/payment_intents/" + intent + "?expand[]=latest_charge"),
                                  "latest_charge"));
    }
};

TEST_F(Held, CapturedInItsOrderOfEvents) {
    const auto intent = hold();
    EXPECT_EQ(number(charge_of(intent), "amount_captured"), 0);
    EXPECT_TRUE(charge_of(intent).at("balance_transaction").is_null());
    made("/v1/payment_intents/" + intent + "/capture");
    EXPECT_THAT(event_types(), ElementsAre("payment_intent.created", "charge.succeeded",
                                           "payment_intent.amount_capturable_updated",
                                           "charge.captured", "payment_intent.succeeded"));
    advance(30 * day);
    EXPECT_EQ(text(got("/v1/payment_intents/" + intent), "status"), "succeeded");
}

TEST_F(Held, CapturedByItsChargeInPart) {
    const auto intent = hold();
    const auto charge = made("/v1/charges/" + id(charge_of(intent)) + "/capture", "amount=500");
    EXPECT_EQ(number(charge, "amount_captured"), 500);
    const auto transaction = got("/v1/balance_transactions/" + text(charge, "balance_transaction"));
    EXPECT_EQ(number(transaction, "amount"), 500);
    EXPECT_EQ(call("POST", "/v1/refunds", "amount=501&charge=" + id(charge)).status, 400);
}

TEST_F(Held, LetGoOfWhenCanceledOrForgotten) {
    const auto canceled = hold();
    EXPECT_EQ(call("POST", "/v1/refunds", "charge=" + id(charge_of(canceled))).status, 400);
    made("/v1/payment_intents/" + canceled + "/cancel");
    EXPECT_TRUE(happened("charge.refunded"));
    EXPECT_EQ(call("POST", "/v1/payment_intents/" + canceled + "/capture").status, 400);
    const auto forgotten = hold();
    advance(7 * day);
    EXPECT_TRUE(happened("charge.expired"));
    const auto gone = got("/v1/payment_intents/" + forgotten);
    EXPECT_EQ(text(gone, "cancellation_reason"), "automatic");
    EXPECT_EQ(number(gone, "amount_capturable"), 0);
}

TEST_F(Held, After3DSecureToo) {
    const auto asked = made("/v1/payment_intents",
                            "amount=2000&currency=usd&confirm=true&capture_method=manual&"
                            "payment_method=pm_card_threeDSecure2Required");
    EXPECT_EQ(text(asked, "status"), "requires_action");
    call("POST", "/3ds/" + id(asked), "answer=complete");
    EXPECT_EQ(text(got("/v1/payment_intents/" + id(asked)), "status"), "requires_capture");
}

TEST_F(Held, ABankAccountCantBeHeld) {
    const auto reply = call("POST", "/v1/payment_intents",
                            "amount=2000&currency=eur&confirm=true&capture_method=manual&"
                            "payment_method=pm_success_de&mandate_data[customer_acceptance][type]="
                            "offline");
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.param(), "capture_method");
}

class Planned : public SandboxTest {};

TEST_F(Planned, TheNextRenewalFailsAndTheOneAfterPasses) {
    const auto customer = customer_with("pm_card_visa");
    const auto subscription =
        id(made("/v1/subscriptions", "customer=" + customer + "&items[0][price]=" + price()));
    EXPECT_EQ(call("POST", "/_sandbox/customers/" + customer + "/fail_payments",
                   R"({"decline_code":"insufficient_funds"})")
                  .status,
              200);
    advance(31 * day + 7200);
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "past_due");
    const auto failed = got("/v1/charges?limit=1").at("data").as_array().front().as_object();
    EXPECT_EQ(text(child(failed, "outcome"), "reason"), "insufficient_funds");
    advance(4 * day);
    EXPECT_EQ(text(got("/v1/subscriptions/" + subscription), "status"), "active");
}

TEST_F(Planned, ByThePageToo) {
    const auto customer = customer_with("pm_card_visa");
    EXPECT_THAT(call("GET", "/customers").text, HasSubstr("plan-failure"));
    EXPECT_EQ(call("POST", "/customers",
                   "times=1&decline_code=authentication_required&customer=" + customer)
                  .status,
              303);
    EXPECT_THAT(call("GET", "/customers").text, HasSubstr("fails: authentication_required"));
    const auto reply = call("POST", "/v1/payment_intents",
                            "amount=1000&currency=usd&confirm=true&payment_method=pm_card_visa&"
                            "customer=" +
                                customer);
    EXPECT_EQ(reply.code(), "authentication_required");
    EXPECT_EQ(call("POST", "/customers", "times=0&customer=" + customer).status, 303);
    EXPECT_EQ(
        call("POST", "/customers", "times=1&decline_code=bad_luck&customer=" + customer).status,
        400);
    http::Headers elsewhere;
    elsewhere.set("Sec-Fetch-Site", "cross-site");
    EXPECT_EQ(
        call("POST", "/customers", "times=1&decline_code=lost_card&customer=" + customer, elsewhere)
            .status,
        403);
}

TEST_F(Planned, WhatCannotBePlannedIsRefused) {
    EXPECT_EQ(call("POST", "/_sandbox/customers/cus_nobody/fail_payments",
                   R"({"decline_code":"insufficient_funds"})")
                  .status,
              404);
    const auto customer = customer_with("pm_card_visa");
    EXPECT_EQ(call("POST", "/_sandbox/customers/" + customer + "/fail_payments",
                   R"({"decline_code":"insufficient_funds","times":1000})")
                  .status,
              400);
}

TEST_F(Planned, TheNetworkRenewsACard) {
    const auto customer = customer_with("pm_card_visa");
    const auto method =
        text(child(got("/v1/customers/" + customer), "invoice_settings"), "default_payment_method");
    EXPECT_EQ(call("POST", "/_sandbox/payment_methods/" + method + "/update_automatically",
                   R"({"exp_month":7,"exp_year":2041})")
                  .status,
              200);
    EXPECT_EQ(number(child(got("/v1/payment_methods/" + method), "card"), "exp_year"), 2041);
    EXPECT_TRUE(happened("payment_method.automatically_updated"));
    EXPECT_EQ(call("POST", "/_sandbox/payment_methods/pm_no/update_automatically").status, 404);
}

}  // namespace
}  // namespace paydesk::sandbox
