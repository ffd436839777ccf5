#pragma once
// A sandbox in memory for the tests: no socket, a clock that stands still, receivers that answer
// what they are told.

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/task.h"
#include "http/client.h"
#include "sandbox/server.h"

namespace paydesk::sandbox {

class FakeReceiver final : public http::Transport {
public:
    Task<http::ClientResponse> send(http::ClientRequest request) override {
        received.push_back(std::move(request));
        int status = 200;
        if (!statuses.empty()) {
            status = statuses.front();
            statuses.pop_front();
        }
        if (status == 0) throw http::TransportError("connection refused", true);
        co_return http::ClientResponse{.status = status, .headers = {}, .body = {}};
    }
    std::deque<int> statuses;  // of the next answers; 200 when none is left, 0 for no answer
    std::vector<http::ClientRequest> received;
};

struct Reply {
    int status = 0;
    json::object body;
    http::Headers headers;
    std::string text;
    std::string code() const { return stripe::text(stripe::child(body, "error"), "code"); }
    std::string param() const { return stripe::text(stripe::child(body, "error"), "param"); }
};

class SandboxTest : public testing::Test {
protected:
    SandboxTest() { restart(); }

    // A new sandbox over the same store: what a restart of the program is.
    void restart() {
        sandbox_.reset();
        sandbox_ = std::make_unique<Sandbox>(io_, store_, clock_, receiver_, recorder_,
                                             *stripe::Version::parse("2026-03-25.dahlia"),
                                             "http://127.0.0.1:8420");
    }

    Reply call(std::string method, std::string target, std::string form = {},
               http::Headers headers = {}) {
        http::Request request;
        request.method = std::move(method);
        const auto question = target.find('?');
        request.path = target.substr(0, question);
        if (question != std::string::npos) request.query = target.substr(question + 1);
        request.headers = std::move(headers);
        if (!request.headers.contains("Authorization")) {
            request.headers.set("Authorization", "Bearer sk_test_abcdefgh");
        }
        if (!request.headers.contains("Stripe-Version")) {
            request.headers.set("Stripe-Version", version_);
        }
        request.body = std::move(form);
        Reply reply;
        bool done = false, is_json = false;
        spawn(io_, "test_call",
              [](Sandbox& sandbox, http::Request asked, Reply& answer, bool& json_answered,
                 bool& finished) -> Task<> {
                  auto response = co_await sandbox.handle(asked);
                  answer.status = response.status;
                  answer.headers = response.headers;
                  answer.text = response.body;
                  json_answered = response.content_type == "application/json";
                  finished = true;
              }(*sandbox_, std::move(request), reply, is_json, done));
        io_.restart();
        while (!done) io_.run_one();
        if (is_json) {
            const auto parsed = parse_json(reply.text);
            EXPECT_TRUE(parsed) << "no JSON: " << reply.text;
            if (parsed) reply.body = parsed->as_object();
        }
        return reply;
    }
    // Lets deliveries that are ready go out.
    void settle() {
        io_.restart();
        while (io_.poll_one() > 0) {
        }
    }

    // The answer's object; fails the test when the call was refused.
    json::object made(std::string target, std::string form = {}) {
        auto reply = call("POST", target, std::move(form));
        EXPECT_EQ(reply.status, 200) << target << ": " << reply.text;
        return reply.body;
    }
    json::object got(std::string target) {
        auto reply = call("GET", target);
        EXPECT_EQ(reply.status, 200) << target << ": " << reply.text;
        return reply.body;
    }
    static std::string id(const json::object& object) { return stripe::text(object, "id"); }

    // A monthly price of 29 dollars.
    std::string price() {
        const auto product = id(made("/v1/products", "name=Pro"));
        return id(
            made("/v1/prices",
                 "currency=usd&unit_amount=2900&recurring[interval]=month&product=" + product));
    }
    std::string customer_with(const std::string& card) {
        const auto customer = id(made("/v1/customers", "email=ada%40example.com"));
        const auto method =
            id(made("/v1/payment_methods/" + card + "/attach", "customer=" + customer));
        made("/v1/customers/" + customer, "invoice_settings[default_payment_method]=" + method);
        return customer;
    }
    // An open session for `price_id`; more parameters after it.
    json::object session(const std::string& price_id, const std::string& more = {}) {
        return made(
            "/v1/checkout/sessions",
            "mode=subscription&line_items[0][price]=" + price_id +
                "&line_items[0][quantity]=1&success_url=http%3A%2F%2Fshop.example%2Fok%3Fs%3D"
                "{CHECKOUT_SESSION_ID}&cancel_url=http%3A%2F%2Fshop.example%2Fno" +
                more);
    }
    // What the browser sends when the form of the checkout page is submitted.
    Reply pay(const std::string& session_id, const std::string& number,
              const std::string& expiry = "12 / 34") {
        return call("POST", "/c/pay/" + session_id,
                    "email=ada%40example.com&card_name=Ada&card_cvc=123&card_number=" + number +
                        "&card_exp=" + http::percent_encode(expiry));
    }
    // Types of all events so far, oldest first.
    std::vector<std::string> event_types() {
        std::vector<std::string> types;
        for (const auto& event : store_.ids("event")) {
            types.push_back(stripe::text(*store_.find(event), "type"));
        }
        return types;
    }
    bool happened(const std::string& type) {
        const auto types = event_types();
        return std::find(types.begin(), types.end(), type) != types.end();
    }
    void advance(std::int64_t seconds) {
        const auto reply = call("POST", "/_sandbox/clock",
                                R"({"advance_seconds":)" + std::to_string(seconds) + "}");
        EXPECT_EQ(reply.status, 200) << reply.text;
    }

    asio::io_context io_{1};
    Store store_;
    ManualClock clock_{from_unix(1'800'000'000)};
    FakeReceiver receiver_;
    Recorder recorder_;
    std::string version_ = "2026-10-28.endive";
    std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace paydesk::sandbox
