#include <set>

#include "api/test_api.h"
#include "billing/customer_flow.h"

namespace paydesk::api {
namespace {

class Checkouts : public TestApi {
protected:
    std::string open_checkouts() {
        return count("paydesk.checkouts where status in ('creating', 'open')");
    }
    http::Request click(std::string plan = "pro", std::string user = ada) {
        return request("POST", "/api/stripe/create-checkout", user,
                       json::serialize(json::object{
                           {"planId",       plan     },
                           {"billingCycle", "monthly"}
        }));
    }
};

TEST_F(Checkouts, APlanByKeyGivesASessionForItsPrice) {
    const Answer answer = post("/api/stripe/create-checkout", ada,
                               {
                                   {"planId",       "pro"   },
                                   {"billingCycle", "yearly"}
    });
    ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
    EXPECT_EQ(answer.text({"sessionId"}), "cs_test_1");
    EXPECT_EQ(answer.text({"url"}), "https://pay.example/cs_test_1");

    const auto& asked = *provider_.last_checkout;
    EXPECT_EQ(asked.account.value, ada);
    EXPECT_EQ(asked.price.value, "price_pro_yearly_49000");
    EXPECT_EQ(asked.mode, provider::CheckoutMode::subscription);
    EXPECT_EQ(asked.plan_key, "pro");
    EXPECT_EQ(asked.billing_cycle, "yearly");
    EXPECT_EQ(asked.success_url, "https://app.example/success?session_id={CHECKOUT_SESSION_ID}");
    EXPECT_EQ(asked.cancel_url, "https://app.example/dashboard?canceled=true");
    EXPECT_EQ(count("paydesk.customers where provider_customer_id = 'cus_1'"), "1");
    EXPECT_EQ(
        count("paydesk.checkouts where status = 'open' and provider_checkout_id = 'cs_test_1'"),
        "1");
    EXPECT_EQ(count("paydesk.provider_refs where kind = 'checkout' and provider_id = 'cs_test_1'"),
              "1");
}

TEST_F(Checkouts, TheNamesOfOtherClientsWorkToo) {
    EXPECT_EQ(post("/api/create-checkout", ada,
                   {
                       {"priceId",  "price_pro_monthly_4900"},
                       {"planType", "monthly"               }
    })
                  .status,
              200);
    EXPECT_EQ(provider_.last_checkout->price.value, "price_pro_monthly_4900");
    EXPECT_EQ(post("/api/create-checkout", grace,
                   {
                       {"priceId", "price_business_yearly_99000"}
    })
                  .status,
              200);
    EXPECT_EQ(provider_.last_checkout->plan_key, "business");
}

TEST_F(Checkouts, ATopUpIsAOneTimePayment) {
    ASSERT_EQ(post("/api/create-checkout", ada,
                   {
                       {"planId",   "credits_1000"},
                       {"quantity", 3             },
                       {"mode",     "payment"     }
    })
                  .status,
              200);
    EXPECT_EQ(provider_.last_checkout->mode, provider::CheckoutMode::payment);
    EXPECT_EQ(provider_.last_checkout->quantity, 3);
    EXPECT_EQ(provider_.last_checkout->billing_cycle, "");
    EXPECT_EQ(
        count(
            "paydesk.checkouts where slot = 'payment/credits_1000' and billing_cycle = 'one_time'"),
        "1");
}

struct Wrong {
    const char* body;
    int status;
    const char* code;
    const char* field;  // the first that is named, or ""
};
const Wrong wrong_bodies[] = {
    {"",                                                                      422, "invalid_input",        "planId"      },
    {"{",                                                                     400, "malformed_request",    ""            },
    {"[]",                                                                    400, "malformed_request",    ""            },
    {"\"pro\"",                                                               400, "malformed_request",    ""            },
    {R"({"planId": 7})",                                                      422, "invalid_input",        "planId"      },
    {R"({"planId": ""})",                                                     422, "invalid_input",        "planId"      },
    {R"({"planId": "a\u0000b"})",                                             422, "invalid_input",        "planId"      },
    {R"({"planId": {"$ne": ""}})",                                            422, "invalid_input",        "planId"      },
    {R"({"planId": "pro", "billingCycle": "weekly"})",                        422, "invalid_input",        "billingCycle"},
    {R"({"planId": "pro", "billingCycle": null})",                            422, "invalid_input",        ""            },
    {R"({"planId": "pro", "billingCycle": "monthly", "planType": "yearly"})", 422, "invalid_input",
     "planType"                                                                                                          },
    {R"({"planId": "pro", "billingCycle": "monthly", "quantity": 0})",        422, "invalid_input",
     "quantity"                                                                                                          },
    {R"({"planId": "pro", "billingCycle": "monthly", "quantity": 1.5})",      422, "invalid_input",
     "quantity"                                                                                                          },
    {R"({"planId": "pro", "billingCycle": "monthly", "quantity": "2"})",      422, "invalid_input",
     "quantity"                                                                                                          },
    {R"({"planId": "pro", "billingCycle": "monthly", "quantity": 1e30})",     422, "invalid_input",
     "quantity"                                                                                                          },
    {R"({"planId": "pro", "billingCycle": "monthly", "mode": "setup"})",      422, "invalid_input",
     "mode"                                                                                                              },
    {R"({"planId": "pro", "billingCycle": "monthly", "mode": "payment"})",    422, "invalid_input",
     ""                                                                                                                  },
    {R"({"planId": "pro", "billingCycle": "monthly", "amount": 1})",          422, "invalid_input",
     "amount"                                                                                                            },
    {R"({"planId": "pro", "billingCycle": "monthly", "promotioncode": "X"})", 422, "invalid_input",
     "promotioncode"                                                                                                     },
    {R"({"planId": "gold", "billingCycle": "monthly"})",                      422, "plan_unknown",         ""            },
    {R"({"planId": "free", "billingCycle": "monthly"})",                      422, "plan_not_purchasable", ""            },
    {R"({"planId": "pro"})",                                                  422, "invalid_input",        ""            },
    {R"({"priceId": "price_of_somebody_else"})",                              422, "plan_unknown",         ""            },
    {R"({"priceId": "price_pro_monthly_4900", "billingCycle": "yearly"})",    422, "invalid_input",
     ""                                                                                                                  },
    {R"({"priceId": "price_pro_monthly_4900", "planId": "business"})",        422, "invalid_input",        ""            },
};

TEST_F(Checkouts, WhatIsWrongIsRefusedAndAsksTheProviderNothing) {
    for (const Wrong& wrong : wrong_bodies) {
        SCOPED_TRACE(wrong.body);
        const Answer answer = send(request("POST", "/api/create-checkout", ada, wrong.body));
        EXPECT_EQ(answer.status, wrong.status);
        EXPECT_EQ(answer.code(), wrong.code);
        EXPECT_EQ(answer.text({"error"}), answer.text({"detail"}));
        if (*wrong.field != '\0') EXPECT_EQ(answer.text({"errors", "0", "field"}), wrong.field);
    }
    EXPECT_TRUE(provider_.calls.empty());
    EXPECT_EQ(count("paydesk.checkouts"), "0");
}

TEST_F(Checkouts, AllWrongFieldsAreNamedAtOnce) {
    const Answer answer =
        post("/api/create-checkout", ada,
             {
                 {"planId",      1                    },
                 {"quantity",    "x"                  },
                 {"success_url", "https://app.example"}
    });
    ASSERT_EQ(answer.status, 422);
    ASSERT_EQ(answer.body.at("errors").as_array().size(), 3u);
    EXPECT_EQ(answer.text({"errors", "2", "message"}), "is not known; did you mean successUrl?");
}

TEST_F(Checkouts, ReturnUrlsLeadOnlyToTheApp) {
    const char* refused[] = {"https://evil.example/",
                             "//evil.example",
                             "http://app.example/",
                             "https://app.example@evil.example/",
                             "https://evil.example@app.example/",
                             "https://app.example.evil.example/",
                             "https://app.example:444/",
                             "https:\\\\evil.example",
                             "https://app.example\\@evil.example",
                             "/\\evil.example",
                             "javascript:alert(1)",
                             "data:text/html,x",
                             "https://app.example/ x",
                             "https://APP.example.",
                             "https://xn--app-example/",
                             "app.example",
                             "https:///app.example",
                             "https:/app.example",
                             "https://app.example/{id}",
                             "http://127.0.0.1",
                             "https://\u0430pp.example/"};
    for (const char* url : refused) {
        SCOPED_TRACE(url);
        const Answer answer =
            post("/api/create-checkout", ada,
                 {
                     {"planId",       "pro"    },
                     {"billingCycle", "monthly"},
                     {"successUrl",   url      }
        });
        EXPECT_EQ(answer.status, 422);
        EXPECT_EQ(answer.code(), "url_not_allowed");
        EXPECT_EQ(post("/api/create-checkout", ada,
                       {
                           {"planId",       "pro"    },
                           {"billingCycle", "monthly"},
                           {"cancelUrl",    url      }
        })
                      .code(),
                  "url_not_allowed");
    }
    EXPECT_EQ(provider_.count("create_checkout"), 0);

    const std::pair<const char*, const char*> taken[] = {
        {"https://app.example/ok?x=1#part",        "https://app.example/ok?x=1#part"},
        {"HTTPS://APP.EXAMPLE:443/ok",             "HTTPS://APP.EXAMPLE:443/ok"     },
        {"https://other.example/a%20b",            "https://other.example/a%20b"    },
        {"/done?session_id={CHECKOUT_SESSION_ID}",
         "https://app.example/done?session_id={CHECKOUT_SESSION_ID}"                },
    };
    for (const auto& [url, sent] : taken) {
        SCOPED_TRACE(url);
        EXPECT_EQ(post("/api/create-checkout", ada,
                       {
                           {"planId",       "pro"    },
                           {"billingCycle", "monthly"},
                           {"successUrl",   url      }
        })
                      .status,
                  200);
        EXPECT_EQ(provider_.last_checkout->success_url, sent);
    }
    EXPECT_EQ(open_checkouts(), "1") << "each new wish ends the one before";
}

TEST_F(Checkouts, ADoubleClickGivesOneCustomerAndOneSession) {
    std::vector<http::Request> clicks;
    for (int i = 0; i < 8; ++i) clicks.push_back(click());
    std::set<std::string> sessions;
    for (const Answer& answer : send_together(std::move(clicks))) {
        EXPECT_EQ(answer.status, 200) << json::serialize(answer.body);
        sessions.insert(answer.text({"sessionId"}));
    }
    EXPECT_EQ(sessions.size(), 1u);
    EXPECT_EQ(provider_.customers.size(), 1u);
    EXPECT_EQ(provider_.checkouts.size(), 1u);
    EXPECT_EQ(count("paydesk.customers"), "1");
    EXPECT_EQ(count("paydesk.checkouts"), "1");

    // And a third one later.
    EXPECT_EQ(send(click()).text({"sessionId"}), *sessions.begin());
}

TEST_F(Checkouts, ParallelWishesForTwoPlansLeaveAtMostOneOpenSession) {
    std::vector<http::Request> clicks;
    for (int i = 0; i < 6; ++i) clicks.push_back(click(i % 2 == 0 ? "pro" : "business"));
    for (const Answer& answer : send_together(std::move(clicks))) {
        EXPECT_TRUE(answer.status == 200 || answer.status == 503) << json::serialize(answer.body);
    }
    int open = 0;
    for (const auto& [intent, made] : provider_.checkouts) open += made.status == "open";
    EXPECT_LE(open, 1);
    EXPECT_EQ(std::to_string(open), open_checkouts());
    EXPECT_EQ(provider_.customers.size(), 1u);
}

TEST_F(Checkouts, AnotherPlanEndsTheSessionBefore) {
    const std::string first = send(click()).text({"sessionId"});
    const std::string second = send(click("business")).text({"sessionId"});
    EXPECT_NE(first, second);
    EXPECT_EQ(provider_.count("expire_checkout"), 1);
    EXPECT_EQ(count("paydesk.checkouts where status = 'abandoned'"), "1");
    EXPECT_EQ(open_checkouts(), "1");
}

TEST_F(Checkouts, AnAnswerThatWasLostIsAskedForAgainUnderTheSameIntent) {
    provider_.failures.push_back({
        "create_checkout", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(send(click()).status, 503);
    EXPECT_EQ(count("paydesk.checkouts where status = 'creating'"), "1");
    EXPECT_EQ(send(click()).status, 200);
    EXPECT_EQ(count("paydesk.checkouts"), "1");
    std::set<std::string> intents;
    for (const auto& [call, intent] : provider_.calls) {
        if (call == "create_checkout") intents.insert(intent);
    }
    EXPECT_EQ(intents.size(), 1u);
}

TEST_F(Checkouts, ACustomerWhoseAnswerWasLostIsAskedForAgainUnderTheSameIntent) {
    provider_.failures.push_back({
        "create_customer", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(send(click()).status, 503);
    EXPECT_EQ(count("paydesk.customers where provider_customer_id is null"), "1");
    EXPECT_EQ(send(click()).status, 200);
    EXPECT_EQ(provider_.customers.size(), 1u);
    EXPECT_EQ(count("paydesk.customers where provider_customer_id is not null"), "1");
}

// The process dies between the provider's answer and its own second transaction, and nobody clicks
// again.
TEST_F(Checkouts, ACustomerWhoseOutcomeWasLostIsTakenUpByItsJob) {
    provider_.failures.push_back({
        "create_customer", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(send(click()).status, 503);
    database_.run("update paydesk.jobs set run_at = now()");
    jobs::Runner runner(io_, db_, clock_);
    runner.handle(billing::customer_job_kind, billing::customer_job(services_.flows));
    EXPECT_EQ(run(runner.run_due()), 1u);
    EXPECT_EQ(provider_.customers.size(), 1u);
    EXPECT_EQ(count("paydesk.customers where provider_customer_id = 'cus_1'"), "1");
    EXPECT_EQ(count("paydesk.jobs where status = 'done'"), "1");
}

TEST_F(Checkouts, ACustomerDeletedAtTheProviderIsReplaced) {
    ASSERT_EQ(send(click()).status, 200);
    database_.run("update paydesk.customers set deleted_at = now(), provider_stamp = now()");
    database_.run("update paydesk.checkouts set status = 'expired'");
    EXPECT_EQ(post("/api/stripe/create-portal", ada, json::object{}).code(), "customer_missing");
    EXPECT_EQ(send(click()).status, 200);
    EXPECT_EQ(provider_.last_checkout->customer.value, "cus_2");
    EXPECT_EQ(
        count("paydesk.customers where provider_customer_id = 'cus_2' and deleted_at is null"),
        "1");
    EXPECT_EQ(count("paydesk.provider_refs where kind = 'customer'"), "2")
        << "the old one is still hers";
}

TEST_F(Checkouts, ARefusalOfTheProviderIsToldAndDoesNotBlockTheNextTry) {
    provider_.failures.push_back({
        "create_checkout", {ErrorCode::provider_rejected, "No such price.", "req_1"}
    });
    const Answer refused = send(click());
    EXPECT_EQ(refused.status, 502);
    EXPECT_EQ(refused.code(), "provider_rejected");
    EXPECT_EQ(send(click()).status, 200);
}

TEST_F(Checkouts, ASessionThatExpiredOrVanishedIsReplaced) {
    for (const char* how : {"expired", "gone"}) {
        SCOPED_TRACE(how);
        const std::string before = send(click()).text({"sessionId"});
        for (auto& [intent, made] : provider_.checkouts) {
            if (made.checkout.value != before) continue;
            if (std::string_view(how) == "expired")
                made.status = "expired";
            else
                made.checkout.value = "cs_test_gone";
        }
        const Answer again = send(click());
        EXPECT_EQ(again.status, 200);
        EXPECT_NE(again.text({"sessionId"}), before);
        EXPECT_EQ(open_checkouts(), "1");
    }
}

TEST_F(Checkouts, ASessionThatWasJustPaidIsNotSoldAgain) {
    ASSERT_EQ(send(click()).status, 200);
    for (auto& [intent, made] : provider_.checkouts) made.status = "complete";
    EXPECT_EQ(send(click()).code(), "subscription_exists");
    EXPECT_EQ(send(click("business")).code(), "subscription_exists");
    EXPECT_EQ(provider_.checkouts.size(), 1u);
}

TEST_F(Checkouts, ATopUpMayBeBoughtAgainAtOnce) {
    const json::value wish = {
        {"planId", "credits_1000"}
    };
    ASSERT_EQ(post("/api/create-checkout", ada, wish).status, 200);
    for (auto& [intent, made] : provider_.checkouts) made.status = "complete";
    EXPECT_EQ(post("/api/create-checkout", ada, wish).text({"sessionId"}), "cs_test_2");
}

TEST_F(Checkouts, ALiveSubscriptionIsRefusedWithThePortalsUrl) {
    for (const char* status :
         {"active", "trialing", "past_due", "unpaid", "paused", "incomplete"}) {
        SCOPED_TRACE(status);
        db::BlockingConnection(database_.owner_url())
            .run_script("set session_replication_role = replica; delete from paydesk.subscriptions",
                        "test");
        add_subscription(ada, std::string("sub_") + status, status);
        const Answer answer = send(click("business"));
        EXPECT_EQ(answer.status, 409);
        EXPECT_EQ(answer.code(), "subscription_exists");
        EXPECT_EQ(answer.text({"portal_url"}), "https://portal.example/session");
    }
    EXPECT_EQ(provider_.count("create_checkout"), 0);
    EXPECT_EQ(send(click("pro", grace)).status, 200) << "another person is not concerned";
    EXPECT_EQ(post("/api/create-checkout", ada,
                   {
                       {"planId", "credits_1000"}
    })
                  .status,
              200)
        << "a top-up neither";
}

TEST_F(Checkouts, AnEndedSubscriptionDoesNotStandInTheWay) {
    add_subscription(ada, "sub_1", "canceled");
    EXPECT_EQ(send(click()).status, 200);
}

TEST_F(Checkouts, AnonymousUsersCannotBuy) {
    auto anonymous = click();
    anonymous.headers.set("Authorization", "Bearer " + sign_claims({
                                                           {"sub",          ada                       },
                                                           {"role",         "authenticated"           },
                                                           {"aud",          "authenticated"           },
                                                           {"is_anonymous", true                      },
                                                           {"exp",          to_unix(clock_.now()) + 60}
    }));
    EXPECT_EQ(send(anonymous).status, 403);
    EXPECT_TRUE(provider_.calls.empty());
}

TEST_F(Checkouts, TheSuccessPageWaitsForTheWebhooksFact) {
    ASSERT_EQ(send(click()).status, 200);
    const auto look = [this](const char* user = ada) {
        return get("/api/checkout/cs_test_1", user);
    };
    EXPECT_EQ(look().text({"status"}), "pending");

    database_.run("update paydesk.checkouts set status = 'complete', completed_at = now()");
    EXPECT_EQ(look().text({"status"}), "pending") << "no subscription yet";
    add_subscription(ada, "sub_1", "active");
    EXPECT_EQ(look().text({"status"}), "complete");
    EXPECT_EQ(look().text({"subscription", "stripe_subscription_id"}), "sub_1");
    EXPECT_EQ(look(grace).status, 404);
    EXPECT_EQ(get("/api/checkout/cs_test_9", ada).status, 404);
}

TEST_F(Checkouts, AnExpiredCheckoutIsShownAsExpired) {
    ASSERT_EQ(send(click()).status, 200);
    database_.run("update paydesk.checkouts set expires_at = now() - interval '1 minute'");
    EXPECT_EQ(get("/api/checkout/cs_test_1", ada).text({"status"}), "expired");
    database_.run(
        "update paydesk.checkouts set status = 'abandoned', expires_at = now() + interval '1 day'");
    EXPECT_EQ(get("/api/checkout/cs_test_1", ada).text({"status"}), "expired");
}

}  // namespace
}  // namespace paydesk::api
