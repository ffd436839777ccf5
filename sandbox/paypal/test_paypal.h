#pragma once
// PayPal's side in memory: a token, a webhook, orders and subscriptions in a line each.

#include "sandbox/paypal/money.h"
#include "sandbox/test_sandbox.h"

namespace paydesk::sandbox {

class PayPalTest : public SandboxTest {
protected:
    PayPalTest() { log_in(); }

    void log_in() {
        token_ =
            text(call("POST", "/paypal/v1/oauth2/token", "grant_type=client_credentials",
                      {
                          {"Authorization",
                           "Basic cGF5ZGVza19zYW5kYm94X2NsaWVudDpwYXlkZXNrX3NhbmRib3hfc2VjcmV0"}
        })
                     .body,
                 "access_token");
    }
    Reply paypal(std::string method, const std::string& path, std::string body = {},
                 http::Headers headers = {}) {
        headers.set("Authorization", "Bearer " + token_);
        headers.set("Content-Type", "application/json");
        headers.set("Prefer", "return=representation");
        return call(std::move(method), "/paypal" + path, std::move(body), std::move(headers));
    }
    // The issue of a refusal; its name where it has none; "" when it went well.
    static std::string issue(const Reply& reply) {
        if (reply.status < 400) return {};
        const auto& details = children(reply.body, "details");
        return details.empty() ? text(reply.body, "name")
                               : text(details.front().as_object(), "issue");
    }
    json::object made_by(const std::string& path, std::string body = {}) {
        const auto reply = paypal("POST", path, std::move(body));
        EXPECT_LT(reply.status, 300) << path << ": " << reply.text;
        return reply.body;
    }
    json::object read(const std::string& path) {
        const auto reply = paypal("GET", path);
        EXPECT_EQ(reply.status, 200) << path << ": " << reply.text;
        return reply.body;
    }
    json::object controlled(const std::string& path, std::string body = "{}") {
        const auto reply = call("POST", "/_sandbox/paypal/" + path, std::move(body));
        EXPECT_EQ(reply.status, 200) << path << ": " << reply.text;
        return reply.body;
    }

    std::string order(const std::string& value = "19.00", const std::string& currency = "USD") {
        return id(made_by("/v2/checkout/orders",
                          R"({"intent":"CAPTURE","purchase_units":[{"custom_id":"u1","amount":)"
                          R"({"currency_code":")" +
                              currency + R"(","value":")" + value + R"("}}]})"));
    }
    void approve(const std::string& what, const std::string& funding = "balance") {
        controlled(what + "/approve", R"({"funding":")" + funding + R"("})");
    }

    // One cycle of JSON; more than one with commas between.
    static std::string cycle(const std::string& value = "9.00", const std::string& unit = "MONTH",
                             int sequence = 1, int total = 0,
                             const std::string& tenure = "REGULAR") {
        return R"({"tenure_type":")" + tenure + R"(","sequence":)" + std::to_string(sequence) +
               R"(,"total_cycles":)" + std::to_string(total) +
               R"(,"frequency":{"interval_unit":")" + unit +
               R"("},"pricing_scheme":{"fixed_price":{"currency_code":"USD","value":")" + value +
               R"("}}})";
    }
    std::string plan(const std::string& cycles, const std::string& preferences = "{}",
                     const std::string& more = {}) {
        if (product_.empty())
            product_ = id(made_by("/v1/catalogs/products", R"({"name":"Pro","type":"SERVICE"})"));
        return id(made_by("/v1/billing/plans",
                          R"({"product_id":")" + product_ + R"(","name":"Pro","billing_cycles":[)" +
                              cycles + R"(],"payment_preferences":)" + preferences + more + "}"));
    }
    std::string subscription_to(const std::string& plan_id, const std::string& more = {}) {
        return id(made_by("/v1/billing/subscriptions",
                          R"({"plan_id":")" + plan_id + R"(","custom_id":"u1")" + more + "}"));
    }
    std::string active(const std::string& plan_id, const std::string& funding = "balance",
                       const std::string& more = {}) {
        auto made = subscription_to(plan_id, more);
        approve("subscriptions/" + made, funding);
        return made;
    }
    json::object subscription(const std::string& subscription_id) {
        return read("/v1/billing/subscriptions/" + subscription_id + "?fields=last_failed_payment");
    }
    // Days pass, and whoever calls has a new token.
    void pass(std::int64_t days) {
        advance(days * 86400);
        log_in();
    }
    void pass_to(std::int64_t at) {
        advance(at - sandbox_->clock().seconds());
        log_in();
    }

    // Types of PayPal's events so far, oldest first; those that begin so.
    std::vector<std::string> told(std::string_view prefix = {}) {
        std::vector<std::string> types;
        for (const auto& event : store_.ids("paypal.event")) {
            auto type = text(*store_.find(event), "event_type");
            if (type.starts_with(prefix)) types.push_back(std::move(type));
        }
        return types;
    }
    // What each payment of a subscription was, oldest first.
    std::vector<std::string> paid() {
        std::vector<std::string> amounts;
        for (const auto& sale : store_.ids("paypal.sale")) {
            amounts.push_back(
                paypal::value_text(paypal::stored_amount(*store_.find(sale), "_amount")));
        }
        return amounts;
    }

    std::string token_, product_;
};

}  // namespace paydesk::sandbox
