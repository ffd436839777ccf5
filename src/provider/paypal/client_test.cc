#include "provider/paypal/client.h"

#include <gtest/gtest.h>

#include "provider/paypal/scripted_paypal.h"

namespace paydesk::provider::paypal {
namespace {

using std::chrono::seconds;

constexpr int no_answer = 0;

std::string problem(const char* issue, const char* name = "UNPROCESSABLE_ENTITY") {
    return R"({"name":")" + std::string(name) +
           R"(","message":"M","debug_id":"d-1","details":[{"issue":")" + issue + R"("}]})";
}

std::string outcome_of(const Answer& answer) {
    return answer ? "ok" : std::string(info(to_refusal(answer.error()).code).name);
}

struct Step {
    int status;
    std::string body = "{}";
    http::Headers headers = {};
};

void play(ScriptedPayPal& paypal, const std::vector<Step>& script) {
    for (const Step& step : script) {
        if (step.status == no_answer) {
            paypal.transport.fail();
        } else {
            paypal.transport.answer(step.status, step.body, step.headers);
        }
    }
}

struct RetryCase {
    const char* name;
    std::vector<Step> script;
    int tries;
    const char* outcome;
};

const http::Headers after_30{
    {"Retry-After", "30"}
};
const http::Headers after_31{
    {"Retry-After", "31"}
};

// post() and get(): repeating is harmless.
const RetryCase free_cases[] = {
    {"ok",                    {{200}},                                                 1, "ok"                  },
    {"created",               {{201}},                                                 1, "ok"                  },
    {"nothing_to_say",        {{204, ""}},                                             1, "ok"                  },
    {"500_then_ok",           {{500}, {200}},                                          2, "ok"                  },
    {"no_answer_then_ok",     {{no_answer}, {200}},                                    2, "ok"                  },
    {"429_twice_then_ok",     {{429}, {429}, {200}},                                   3, "ok"                  },
    {"still_at_it",           {{409, problem("PREVIOUS_REQUEST_IN_PROGRESS")}, {200}}, 2, "ok"                  },
    {"another_conflict",      {{409, problem("DUPLICATE")}},                           1, "provider_unavailable"},
    {"503_for_ever",          {{503}, {503}, {503}, {503}},                            4, "provider_unavailable"},
    {"400",                   {{400}},                                                 1, "provider_rejected"   },
    {"403",                   {{403}},                                                 1, "provider_rejected"   },
    {"404",                   {{404}},                                                 1, "not_found"           },
    {"redirect",              {{302}},                                                 1, "provider_rejected"   },
    {"no_json",               {{200, "<html>"}},                                       1, "provider_unavailable"},
    {"waits_longer_than_max", {{429, "{}", after_31}},                                 1, "provider_unavailable"},
    {"no_try_after_a_minute",
     {{503, "{}", after_30}, {503, "{}", after_30}},
     2,                                                                                   "provider_unavailable"},
};

TEST(PayPalClient, Retries) {
    for (const auto& c : free_cases) {
        for (const bool post : {false, true}) {
            SCOPED_TRACE(std::string(c.name) + (post ? " POST" : " GET"));
            ScriptedPayPal paypal;
            play(paypal, c.script);
            std::string outcome;
            paypal.with_client([&](Client& client, asio::io_context&) -> Task<> {
                if (post) {
                    outcome =
                        outcome_of(co_await client.post("/v1/x", json::object(), {"checkout:1"}));
                } else {
                    outcome = outcome_of(co_await client.get("/v1/x"));
                }
            });
            EXPECT_EQ(outcome, c.outcome);
            EXPECT_EQ(paypal.sent().size(), static_cast<std::size_t>(c.tries));
            EXPECT_TRUE(paypal.transport.finished());
        }
    }
}

// Without a PayPal-Request-Id a second try might act twice.
TEST(PayPalClient, ActsOnceWhateverHappens) {
    const RetryCase cases[] = {
        {"429_then_ok", {{429}, {204, ""}}, 2, "ok"                  },
        {"500",         {{500}},            1, "provider_unavailable"},
        {"no_answer",   {{no_answer}},      1, "provider_unavailable"},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.name);
        ScriptedPayPal paypal;
        play(paypal, c.script);
        std::string outcome;
        paypal.with_client([&](Client& client, asio::io_context&) -> Task<> {
            outcome = outcome_of(co_await client.act("POST", "/v1/x/cancel", json::object()));
        });
        EXPECT_EQ(outcome, c.outcome);
        EXPECT_EQ(paypal.sent().size(), static_cast<std::size_t>(c.tries));
        for (const auto& request : paypal.transport.requests)
            EXPECT_FALSE(request.headers.contains("PayPal-Request-Id"));
    }
}

TEST(PayPalClient, AllTriesCarryOneRequestId) {
    ScriptedPayPal paypal;
    play(paypal, {{500}, {500}, {201}});
    paypal.with_client([](Client& client, asio::io_context&) -> Task<> {
        (void)co_await client.post("/v2/checkout/orders", json::object(), {"checkout:abc"});
    });
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_EQ(paypal.transport.requests[i].headers.get("PayPal-Request-Id"), "checkout:abc");
        EXPECT_EQ(paypal.transport.requests[i].headers.get("Prefer"), "return=representation");
    }
}

TEST(PayPalClient, ALongIntentStaysDistinctAndShortEnough) {
    ScriptedPayPal paypal;
    play(paypal, {{201}, {201}});
    paypal.with_client([](Client& client, asio::io_context&) -> Task<> {
        (void)co_await client.post("/v1/x", json::object(), {std::string(200, 'a') + "1"});
        (void)co_await client.post("/v1/x", json::object(), {std::string(200, 'a') + "2"});
    });
    const auto id = [&](std::size_t i) {
        return std::string(paypal.transport.requests[i].headers.get("PayPal-Request-Id"));
    };
    EXPECT_LE(id(1).size(), request_id_characters_max);
    EXPECT_NE(id(1), id(2));
}

int tokens_asked(const ScriptedPayPal& paypal) {
    return static_cast<int>(paypal.transport.requests.size() - paypal.sent().size());
}

TEST(PayPalClient, KeepsItsTokenUntilAMinuteBeforeItsEnd) {
    ScriptedPayPal paypal;
    play(paypal, {{200}, {200}});
    paypal.with_client([&](Client& client, asio::io_context&) -> Task<> {
        (void)co_await client.get("/v1/a");
        paypal.clock.advance(seconds(32'400 - 61));
        (void)co_await client.get("/v1/b");
        EXPECT_EQ(tokens_asked(paypal), 1);
        paypal.clock.advance(seconds(1));
        paypal.transport.answer(200, ScriptedPayPal::token_answer);
        paypal.transport.answer(200);
        (void)co_await client.get("/v1/c");
        EXPECT_EQ(tokens_asked(paypal), 2);
    });
    const auto& token = paypal.transport.requests.front();
    EXPECT_EQ(token.headers.get("Authorization"),
              "Basic QWVBLWNsaWVudDpFSi1UaGVTZWNyZXRUaGF0TXVzdE5ldmVyQmVMb2dnZWQ=");
    EXPECT_EQ(token.body, "grant_type=client_credentials");
    EXPECT_EQ(paypal.transport.requests[1].headers.get("Authorization"), "Bearer A21-token");
}

TEST(PayPalClient, A401RenewsTheTokenOnce) {
    const std::string expired = R"({"error":"invalid_token","error_description":"Token expired"})";
    const std::string other = R"({"access_token":"A21-other","expires_in":32400})";
    ScriptedPayPal paypal;
    play(paypal,
         {
             {401, expired},
             {200, other},
             {200},
             {401, expired},
             {200, other},
             {401, expired}
    });
    paypal.with_client([&](Client& client, asio::io_context&) -> Task<> {
        EXPECT_EQ(outcome_of(co_await client.act("POST", "/v1/a", json::object())), "ok");
        EXPECT_EQ(paypal.transport.requests[3].headers.get("Authorization"), "Bearer A21-other");
        const auto answer = co_await client.get("/v1/b");
        EXPECT_EQ(outcome_of(answer), "provider_rejected");
        EXPECT_EQ(to_refusal(answer.error()).message.find("PayPal does not accept our credentials"),
                  0u);
    });
    EXPECT_EQ(tokens_asked(paypal), 3);
    EXPECT_TRUE(paypal.transport.finished());
}

TEST(PayPalClient, WhoComesTogetherSharesOneToken) {
    // Answers a moment later, so that all wait at once.
    struct Slow final : http::Transport {
        asio::io_context* io = nullptr;
        int tokens = 0, others = 0;
        Task<http::ClientResponse> send(http::ClientRequest request) override {
            co_await sleep_for(*io, std::chrono::milliseconds(5));
            const bool token = request.url.ends_with("/token");
            ++(token ? tokens : others);
            co_return http::ClientResponse{.status = 200,
                                           .body = token ? ScriptedPayPal::token_answer : "{}"};
        }
    } slow;
    int good = 0;
    run_to_end([&](asio::io_context& io) -> Task<> {
        slow.io = &io;
        const ManualClock clock(from_unix(1'780'272'000));
        Client client(io, slow, clock, {.client_id = "a", .client_secret = "b"});
        for (int i = 0; i < 8; ++i) {
            spawn(io, "call", [](Client& shared, int& count) -> Task<> {
                if (co_await shared.get("/v1/x")) ++count;
            }(client, good));
        }
        for (int look = 0; look < 400 && slow.others < 8; ++look)
            co_await sleep_for(io, std::chrono::milliseconds(5));
        co_await sleep_for(io, std::chrono::milliseconds(10));
    });
    EXPECT_EQ(slow.tokens, 1);
    EXPECT_EQ(good, 8);
}

TEST(PayPalClient, WrongCredentialsSayWhatToCheck) {
    ScriptedPayPal paypal(false);
    play(paypal,
         {
             {401,
              R"({"error":"invalid_client","error_description":"Client Authentication failed"})"}
    });
    paypal.with_client([](Client& client, asio::io_context&) -> Task<> {
        const auto answer = co_await client.get("/v1/x");
        const Error refusal = to_refusal(answer.error());
        EXPECT_EQ(refusal.code, ErrorCode::provider_rejected);
        EXPECT_NE(refusal.message.find("PAYPAL_CLIENT_SECRET"), std::string::npos);
        EXPECT_EQ(refusal.detail, "401 invalid_client: Client Authentication failed");
    });
}

TEST(PayPalClient, IssuesHaveTheirRefusals) {
    struct Case {
        const char* issue;
        ErrorCode code;
    };
    for (const Case& c : {
             Case{"INSTRUMENT_DECLINED",              ErrorCode::payment_declined           },
             Case{"PAYER_CANNOT_PAY",                 ErrorCode::payment_declined           },
             Case{"ORDER_NOT_APPROVED",               ErrorCode::checkout_not_approved      },
             Case{"CAPTURE_FULLY_REFUNDED",           ErrorCode::refund_exceeds_payment     },
             Case{"REFUND_AMOUNT_EXCEEDED",           ErrorCode::refund_exceeds_payment     },
             Case{"PENDING_CAPTURE",                  ErrorCode::payment_not_refundable     },
             Case{"SUBSCRIPTION_STATUS_INVALID",      ErrorCode::subscription_not_changeable},
             Case{"SUBSCRIPTION_CANNOT_BE_ACTIVATED", ErrorCode::subscription_not_resumable },
             Case{"AMOUNT_MISMATCH",                  ErrorCode::provider_rejected          },
    }) {
        PayPalError error{.http_status = 422,
                          .name = "UNPROCESSABLE_ENTITY",
                          .issue = c.issue,
                          .message = "M",
                          .debug_id = "d-1"};
        const Error refusal = to_refusal(error);
        EXPECT_EQ(refusal.code, c.code) << c.issue;
        EXPECT_EQ(refusal.detail,
                  "422 UNPROCESSABLE_ENTITY " + std::string(c.issue) + " debug_id=d-1: M");
        EXPECT_EQ(refusal.message.find(c.issue), std::string::npos) << "people read it";
    }
}

TEST(PayPalClient, NeverLogsTheSecretOrTheToken) {
    testing::internal::CaptureStderr();
    {
        ScriptedPayPal paypal;
        log::set_level(log::Level::debug);
        play(paypal, {
                         {500},
                         {422, problem("INSTRUMENT_DECLINED")}
        });
        paypal.with_client([](Client& client, asio::io_context&) -> Task<> {
            const auto answer = co_await client.post("/v1/x", json::object(), {"a:1"});
            const Error refusal = to_refusal(answer.error());
            for (const auto& text : {refusal.message, refusal.detail}) {
                EXPECT_EQ(text.find(ScriptedPayPal::client_secret), std::string::npos);
                EXPECT_EQ(text.find("A21-token"), std::string::npos);
            }
        });
        log::set_level(log::Level::error);
    }
    const std::string logged = testing::internal::GetCapturedStderr();
    EXPECT_NE(logged.find("paypal_retry"), std::string::npos);
    EXPECT_EQ(logged.find(ScriptedPayPal::client_secret), std::string::npos);
    EXPECT_EQ(logged.find("A21-token"), std::string::npos);
}

TEST(PayPalClient, IdsInPathsAreEncoded) {
    EXPECT_EQ(path_segment("I-BW452GLLEP1G"), "I-BW452GLLEP1G");
    EXPECT_EQ(path_segment("../x?y#z"), "%2E%2E%2Fx%3Fy%23z");
}

}  // namespace
}  // namespace paydesk::provider::paypal
