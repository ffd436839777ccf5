#include "provider/stripe/client.h"

#include <gtest/gtest.h>

#include "provider/stripe/scripted_transport.h"

namespace paydesk::provider::stripe {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int no_answer = 0;

struct Step {
    int status;
    http::Headers headers = {};
};

struct RetryCase {
    const char* name;
    std::vector<Step> script;
    int tries;
    const char* outcome;
};

const http::Headers retry_yes = {
    {"Stripe-Should-Retry", "true"}
};
const http::Headers retry_no = {
    {"stripe-should-retry", "false"}
};
http::Headers after(const char* text) {
    return {
        {"Retry-After", text}
    };
}

const RetryCase retry_cases[] = {
    {"ok",                      {{200}},                      1, "ok"                  },
    {"500_then_ok",             {{500}, {200}},               2, "ok"                  },
    {"no_answer_then_ok",       {{no_answer}, {200}},         2, "ok"                  },
    {"conflict_then_ok",        {{409}, {200}},               2, "ok"                  },
    {"429_twice_then_ok",       {{429}, {429}, {200}},        3, "ok"                  },
    {"429_though_told_not_to",  {{429, retry_no}, {200}},     2, "ok"                  },
    {"400_told_to",             {{400, retry_yes}, {200}},    2, "ok"                  },
    {"500_told_not_to",         {{500, retry_no}},            1, "provider_unavailable"},
    {"409_told_not_to",         {{409, retry_no}},            1, "provider_unavailable"},
    {"500_for_ever",            {{500}, {502}, {503}, {500}}, 4, "provider_unavailable"},
    {"never_an_answer",
     {{no_answer}, {no_answer}, {no_answer}, {no_answer}},
     4,                                                          "provider_unavailable"},
    {"429_for_ever",            {{429}, {429}, {429}, {429}}, 4, "provider_unavailable"},
    {"400",                     {{400}},                      1, "provider_rejected"   },
    {"401",                     {{401}},                      1, "provider_rejected"   },
    {"402",                     {{402}},                      1, "payment_declined"    },
    {"403",                     {{403}},                      1, "provider_rejected"   },
    {"404",                     {{404}},                      1, "not_found"           },
    {"424",                     {{424}},                      1, "provider_unavailable"},
    {"redirect",                {{302}},                      1, "provider_rejected"   },
    {"waits_longer_than_max",   {{429, after("31")}},         1, "provider_unavailable"},
    {"waits_as_long_as_max",    {{429, after("30")}, {200}},  2, "ok"                  },
    // 30 + 30 s would go beyond call_time_max.
    {"no_try_after_the_minute",
     {{503, after("30")}, {503, after("30")}},
     2,                                                          "provider_unavailable"},
};

std::string outcome_of(const Answer& answer) {
    return answer ? "ok" : std::string(info(to_refusal(answer.error()).code).name);
}

TEST(StripeClient, Retries) {
    for (const auto& c : retry_cases) {
        SCOPED_TRACE(c.name);
        ScriptedStripe stripe;
        for (const Step& step : c.script) {
            if (step.status == no_answer) {
                stripe.transport.fail();
            } else {
                stripe.transport.answer(step.status, "{}", step.headers);
            }
        }
        std::string outcome;
        stripe.with_client([&](Client& client) -> Task<> {
            outcome =
                outcome_of(co_await client.post("/v1/things", Form().set("a", 1), {"intent:1"}));
        });
        EXPECT_EQ(outcome, c.outcome);
        EXPECT_EQ(static_cast<int>(stripe.transport.requests.size()), c.tries);
        EXPECT_EQ(static_cast<int>(stripe.waits.size()), c.tries - 1);
        for (const auto& request : stripe.transport.requests) {
            EXPECT_EQ(request.headers.get("Idempotency-Key"), "intent:1");
            EXPECT_EQ(request.body, "a=1");
        }
    }
}

TEST(StripeClient, BacksOffWithJitterBetweenHalfAndWhole) {
    for (int round = 0; round < 50; ++round) {
        ScriptedStripe stripe;
        for (int i = 0; i <= retries_max; ++i) stripe.transport.fail();
        stripe.with_client([&](Client& client) -> Task<> { co_await client.get("/v1/things"); });
        ASSERT_EQ(stripe.waits.size(), 3u);
        EXPECT_EQ(stripe.waits[0], milliseconds(500));
        EXPECT_GE(stripe.waits[1], milliseconds(500));
        EXPECT_LE(stripe.waits[1], milliseconds(1000));
        EXPECT_GE(stripe.waits[2], milliseconds(1000));
        EXPECT_LE(stripe.waits[2], milliseconds(2000));
    }
}

TEST(StripeClient, RetryAfterIsALowerBound) {
    struct Case {
        const char* header;
        milliseconds least, most;
    };
    const Case cases[] = {
        {"7",                             seconds(7),        seconds(7)       },
        {"0",                             milliseconds(500), milliseconds(500)},
        {"Wed, 21 Oct 2026 07:28:00 GMT", milliseconds(500), milliseconds(500)},
        {"-5",                            milliseconds(500), milliseconds(500)},
        {"1.5",                           milliseconds(500), milliseconds(500)},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.header);
        ScriptedStripe stripe;
        stripe.transport.answer(503, "{}", after(c.header));
        stripe.transport.answer(200);
        stripe.with_client([&](Client& client) -> Task<> { co_await client.get("/v1/things"); });
        ASSERT_EQ(stripe.waits.size(), 1u);
        EXPECT_GE(stripe.waits[0], c.least);
        EXPECT_LE(stripe.waits[0], c.most);
    }
}

TEST(StripeClient, SendsWhatTheProtocolAsksFor) {
    ScriptedStripe stripe;
    for (int i = 0; i < 3; ++i) stripe.transport.answer(200);
    stripe.with_client([&](Client& client) -> Task<> {
        co_await client.get("/v1/things?a=1", Form().set("limit", 2));
        co_await client.del("/v1/things/1", Form().set("prorate", true));
        co_await client.post("/v1/things", {}, {"intent:1"});
    });
    const auto& [get, del, post] = std::tie(
        stripe.transport.requests[0], stripe.transport.requests[1], stripe.transport.requests[2]);
    EXPECT_EQ(get.method, "GET");
    EXPECT_EQ(get.url, "http://stripe.invalid/v1/things?a=1&limit=2");
    EXPECT_EQ(del.method, "DELETE");
    EXPECT_EQ(del.url, "http://stripe.invalid/v1/things/1?prorate=true");
    EXPECT_EQ(post.url, "http://stripe.invalid/v1/things");
    EXPECT_EQ(post.headers.get("Content-Type"), "application/x-www-form-urlencoded");
    EXPECT_FALSE(get.headers.contains("Idempotency-Key"));
    EXPECT_FALSE(del.headers.contains("Idempotency-Key"));
    for (const auto& request : stripe.transport.requests) {
        EXPECT_EQ(request.headers.get("Authorization"),
                  std::string("Bearer ") + ScriptedStripe::secret_key);
        EXPECT_EQ(request.headers.get("Stripe-Version"), "2026-10-28.endive");
        EXPECT_TRUE(request.headers.get("User-Agent").starts_with("Paydesk/"));
        EXPECT_EQ(request.connect_timeout, connect_time_max);
        EXPECT_EQ(request.timeout, try_time_max);
    }
}

TEST(StripeClient, ErrorsKeepWhatStripeSaid) {
    ScriptedStripe stripe;
    stripe.transport.answer(402, R"({"error":{"type":"card_error","code":"card_declined",
        "decline_code":"insufficient_funds","message":"Your card has insufficient funds.",
        "param":"","doc_url":"https://stripe.com/docs/error-codes/card-declined"}})",
                            {
                                {"Request-Id", "req_1"}
    });
    stripe.with_client([&](Client& client) -> Task<> {
        const Answer answer = co_await client.post("/v1/things", {}, {"intent:1"});
        const StripeError& error = answer.error();
        EXPECT_EQ(error.http_status, 402);
        EXPECT_EQ(error.type, "card_error");
        EXPECT_EQ(error.code, "card_declined");
        EXPECT_EQ(error.decline_code, "insufficient_funds");
        EXPECT_EQ(error.request_id, "req_1");
        EXPECT_EQ(error.doc_url, "https://stripe.com/docs/error-codes/card-declined");
        const Error refusal = to_refusal(error);
        EXPECT_EQ(refusal.code, ErrorCode::payment_declined);
        EXPECT_EQ(refusal.message, "Your card has insufficient funds.");
        EXPECT_EQ(refusal.detail,
                  "402 card_error card_declined/insufficient_funds req_1: Your card has "
                  "insufficient funds. https://stripe.com/docs/error-codes/card-declined");
    });
}

TEST(StripeClient, RefusalsForPeople) {
    StripeError stolen{.http_status = 402, .type = "card_error", .code = "card_declined"};
    stolen.decline_code = "stolen_card";
    stolen.message = "Your card was reported stolen.";
    EXPECT_EQ(to_refusal(stolen).message, "Your card was declined.");
    EXPECT_NE(to_refusal(stolen).detail.find("stolen_card"), std::string::npos);

    const StripeError wrong_key{.http_status = 401, .message = "Invalid API Key provided: sk_***"};
    EXPECT_EQ(to_refusal(wrong_key).code, ErrorCode::provider_rejected);
    EXPECT_NE(to_refusal(wrong_key).message.find("STRIPE_SECRET_KEY"), std::string::npos);

    const StripeError param{.http_status = 400,
                            .type = "invalid_request_error",
                            .code = "resource_missing",
                            .param = "items[0][price]",
                            .message = "No such price: 'price_x'"};
    EXPECT_EQ(to_refusal(param).code, ErrorCode::provider_rejected);
    EXPECT_EQ(to_refusal(param).message.find("price_x"), std::string::npos);
    EXPECT_NE(to_refusal(param).detail.find("param=items[0][price]"), std::string::npos);

    const StripeError reused{.http_status = 400, .type = "idempotency_error"};
    EXPECT_EQ(to_refusal(reused).code, ErrorCode::provider_rejected);
}

TEST(StripeClient, AnAnswerThatCannotBeReadIsNoAnswer) {
    for (const char* body : {"", "<html>", "[]", "{\"id\":"}) {
        SCOPED_TRACE(body);
        ScriptedStripe stripe;
        stripe.transport.answer(200, body);
        stripe.with_client([&](Client& client) -> Task<> {
            EXPECT_EQ(outcome_of(co_await client.get("/v1/things")), "provider_unavailable");
        });
    }
    ScriptedStripe stripe;
    stripe.transport.answer(400, "<html>proxy</html>");
    stripe.with_client([&](Client& client) -> Task<> {
        EXPECT_EQ(outcome_of(co_await client.get("/v1/things")), "provider_rejected");
    });
}

TEST(StripeClient, NeverLogsTheKey) {
    ScriptedStripe stripe;
    stripe.transport.fail();
    stripe.transport.answer(500);
    stripe.transport.answer(401, R"({"error":{"type":"invalid_request_error","message":"no"}})");
    Error refusal{};
    log::set_level(log::Level::debug);
    testing::internal::CaptureStderr();
    stripe.with_client([&](Client& client) -> Task<> {
        refusal = to_refusal((co_await client.post("/v1/things", {}, {"intent:1"})).error());
    });
    const std::string logged = testing::internal::GetCapturedStderr();
    EXPECT_NE(logged.find("stripe_retry"), std::string::npos);
    EXPECT_EQ(logged.find("TheKeyThatMustNeverBeLogged"), std::string::npos);
    EXPECT_EQ((refusal.message + refusal.detail).find("sk_test_"), std::string::npos);
}

TEST(StripeClient, TheBaseUrlMayEndInASlash) {
    ScriptedStripe stripe;
    stripe.transport.answer(200);
    run_to_end([&](asio::io_context& io) -> Task<> {
        Client client(io, stripe.transport, stripe.clock,
                      {.secret_key = "sk_test_1", .base_url = "http://stripe.invalid/"});
        co_await client.get("/v1/things");
    });
    EXPECT_EQ(stripe.transport.requests.at(0).url, "http://stripe.invalid/v1/things");
}

TEST(StripeClientDeathTest, AnIntentIsNeverEmpty) {
    ScriptedStripe stripe;
    EXPECT_DEATH(stripe.with_client([&](Client& client) -> Task<> {
        co_await client.post("/v1/things", {}, {""});
    }),
                 "intent");
}

}  // namespace
}  // namespace paydesk::provider::stripe
