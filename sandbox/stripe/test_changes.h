#pragma once
// A running subscription for the tests of what changes it.

#include <gmock/gmock.h>

#include "sandbox/stripe/subscribing.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {

class SubscriptionChanges : public SandboxTest {
protected:
    std::string price_of(int amount, const std::string& more = "recurring[interval]=month") {
        if (product_.empty()) product_ = id(made("/v1/products", "name=Pro"));
        return id(made("/v1/prices", "currency=usd&unit_amount=" + std::to_string(amount) + "&" +
                                         more + "&product=" + product_));
    }
    // Active, 20 dollars a month, paid by a good card.
    void begin(const std::string& more = {}) {
        customer_ = customer_with("pm_card_visa");
        small_ = price_of(2000);
        large_ = price_of(6000);
        remember(made("/v1/subscriptions",
                      "customer=" + customer_ + "&items[0][price]=" + small_ + more));
    }
    void remember(const json::object& subscription) {
        subscription_ = id(subscription);
        item_ = stripe::text(
            stripe::children(stripe::child(subscription, "items"), "data").at(0).as_object(), "id");
        begun_ = stripe::number(subscription, "start_date");
        end_ = stripe::period_end_of(subscription);
    }
    // From now on this card pays.
    void use_card(const std::string& card) {
        const auto method =
            id(made("/v1/payment_methods/" + card + "/attach", "customer=" + customer_));
        path("default_payment_method=" + method);
    }
    json::object path(const std::string& form) {
        return made("/v1/subscriptions/" + subscription_, form);
    }
    Reply refused(const std::string& form) {
        return call("POST", "/v1/subscriptions/" + subscription_, form);
    }
    std::string upgrade(const std::string& more = {}) {
        return "items[0][id]=" + item_ + "&items[0][price]=" + large_ +
               "&proration_behavior=always_invoice" + more;
    }
    json::object subscription() { return got("/v1/subscriptions/" + subscription_); }
    json::object latest_invoice() {
        return got("/v1/invoices/" + stripe::text(subscription(), "latest_invoice"));
    }
    std::string price_now() {
        const auto now = subscription();
        return stripe::text(
            stripe::child(stripe::children(stripe::child(now, "items"), "data").at(0).as_object(),
                          "price"),
            "id");
    }
    // Answers the 3-D Secure question of the latest invoice.
    void authenticate(const std::string& answer) {
        version_ = "2024-11-20.acacia";
        const auto intent = stripe::text(latest_invoice(), "payment_intent");
        version_ = "2026-10-28.endive";
        EXPECT_EQ(call("POST", "/3ds/" + intent, "answer=" + answer).status < 400, true);
    }
    std::string product_, customer_, small_, large_, subscription_, item_;
    std::int64_t begun_ = 0, end_ = 0;
};

}  // namespace paydesk::sandbox
