#include <set>

#include "api/test_api.h"
#include "billing/access.h"
#include "billing/cancel_flow.h"

namespace paydesk::api {
namespace {

class Subscriptions : public TestApi {
protected:
    Answer cancel(const std::string& id, json::object more, const char* user = ada) {
        more["subscriptionId"] = id;
        return post("/api/stripe/cancel-subscription", user, std::move(more));
    }
    Answer current(const char* user = ada) { return get("/api/stripe/get-subscription", user); }
    std::string waiting_jobs() {
        return count("paydesk.jobs where kind = 'cancel_subscription' and status = 'queued'");
    }
};

TEST_F(Subscriptions, NobodyHasOneAtFirst) {
    const Answer answer = current();
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.at("subscription").is_null());
}

TEST_F(Subscriptions, TheOneThatCountsIsShown) {
    add_subscription(ada, "sub_old", "canceled");
    EXPECT_EQ(current().text({"subscription", "stripe_subscription_id"}), "sub_old");
    add_subscription(ada, "sub_unpaid", "unpaid");
    EXPECT_EQ(current().text({"subscription", "stripe_subscription_id"}), "sub_unpaid");
    add_subscription(ada, "sub_live", "active");
    const Answer answer = current();
    EXPECT_EQ(answer.text({"subscription", "stripe_subscription_id"}), "sub_live");
    EXPECT_EQ(answer.text({"subscription", "user_id"}), ada);
    EXPECT_EQ(answer.text({"subscription", "plan_type"}), "monthly");
    EXPECT_EQ(answer.body.at("subscription").at("amount").as_int64(), 4900);
    EXPECT_TRUE(answer.body.at("subscription").at("is_active").as_bool());
    EXPECT_TRUE(answer.body.at("subscription").at("access_until").is_null());
    EXPECT_TRUE(current(grace).body.at("subscription").is_null());
}

TEST_F(Subscriptions, CancelAtPeriodEndResumeAndCancelNow) {
    const std::string id = add_subscription(ada, "sub_1", "active");

    Answer answer = cancel("sub_1", {
                                        {"cancelAtPeriodEnd", true}
    });
    ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
    EXPECT_TRUE(answer.body.at("success").as_bool());
    EXPECT_TRUE(answer.body.at("subscription").at("cancel_at_period_end").as_bool());
    EXPECT_TRUE(answer.body.at("subscription").at("cancel_scheduled").as_bool());
    EXPECT_TRUE(answer.body.at("subscription").at("is_active").as_bool());
    EXPECT_EQ(answer.text({"subscription", "access_until"}),
              answer.text({"subscription", "current_period_end"}));
    EXPECT_EQ(waiting_jobs(), "0") << "the intent is fulfilled";

    answer = cancel(id, {
                            {"cancelAtPeriodEnd", false}
    });
    ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
    EXPECT_FALSE(answer.body.at("subscription").at("cancel_scheduled").as_bool());

    answer = cancel(id, {
                            {"immediately", true}
    });
    ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
    EXPECT_EQ(answer.text({"subscription", "status"}), "canceled");
    EXPECT_FALSE(answer.body.at("subscription").at("is_active").as_bool());

    EXPECT_EQ(cancel(id,
                     {
                         {"immediately", true}
    })
                  .status,
              200)
        << "it is so already";
    EXPECT_EQ(cancel(id,
                     {
                         {"cancelAtPeriodEnd", true}
    })
                  .code(),
              "subscription_not_cancelable");
    EXPECT_EQ(cancel(id,
                     {
                         {"cancelAtPeriodEnd", false}
    })
                  .code(),
              "subscription_not_resumable");
    EXPECT_EQ(provider_.count("cancel_subscription"), 3);
}

TEST_F(Subscriptions, WhatIsWrongIsRefused) {
    add_subscription(ada, "sub_1", "active");
    const std::pair<const char*, int> bodies[] = {
        {R"({"cancelAtPeriodEnd": true})",                                                  422},
        {R"({"subscriptionId": "sub_1"})",                                                  422},
        {R"({"subscriptionId": "sub_1", "cancelAtPeriodEnd": "true"})",                     422},
        {R"({"subscriptionId": "sub_1", "cancelAtPeriodEnd": false, "immediately": true})", 422},
        {R"({"subscriptionId": "sub_1", "cancel_at_period_end": true})",                    422},
        {R"({"subscriptionId": ["sub_1"], "cancelAtPeriodEnd": true})",                     422},
        {R"({"subscriptionId": "sub_9", "cancelAtPeriodEnd": true})",                       404},
        {R"({"subscriptionId": "' or '1'='1", "cancelAtPeriodEnd": true})",                 404},
    };
    for (const auto& [body, status] : bodies) {
        EXPECT_EQ(send(request("POST", "/api/stripe/cancel-subscription", ada, body)).status,
                  status)
            << body;
    }
    EXPECT_TRUE(provider_.calls.empty());
}

TEST_F(Subscriptions, AnothersIsNotFoundAndNotTouched) {
    const std::string id = add_subscription(ada, "sub_1", "active");
    for (const std::string& name : {id, std::string("sub_1")}) {
        EXPECT_EQ(cancel(name,
                         {
                             {"cancelAtPeriodEnd", true}
        },
                         grace)
                      .status,
                  404);
        EXPECT_EQ(cancel(name,
                         {
                             {"immediately", true}
        },
                         grace)
                      .status,
                  404);
    }
    EXPECT_TRUE(provider_.calls.empty());
    EXPECT_EQ(count("paydesk.jobs where kind = 'cancel_subscription'"), "0");
}

TEST_F(Subscriptions, ACancellationWithoutAnAnswerIsTakenUpByItsJob) {
    const std::string id = add_subscription(ada, "sub_1", "active");
    provider_.failures.push_back({
        "cancel_subscription", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(cancel(id,
                     {
                         {"cancelAtPeriodEnd", true}
    })
                  .status,
              503);
    EXPECT_EQ(waiting_jobs(), "1");

    database_.run("update paydesk.jobs set run_at = now()");
    jobs::Runner runner(io_, db_, clock_);
    runner.handle(billing::cancel_job_kind, billing::cancel_job(services_.flows));
    EXPECT_GE(run(runner.run_due()), 1u);
    EXPECT_TRUE(current().body.at("subscription").at("cancel_scheduled").as_bool());
    EXPECT_EQ(waiting_jobs(), "0");
    std::set<std::string> intents;
    for (const auto& [call, intent] : provider_.calls) intents.insert(intent);
    EXPECT_EQ(intents.size(), 1u) << "both tries carry the same intent";
}

// "Paydesk has noted this and keeps trying": also where the provider is away for most of a day.
TEST_F(Subscriptions, ACancellationOutlivesALongOutage) {
    const std::string id = add_subscription(ada, "sub_1", "active");
    constexpr int outage_tries = 25;  // an hour apart in the end
    for (int i = 0; i <= outage_tries; ++i) {
        provider_.failures.push_back({
            "cancel_subscription", {ErrorCode::provider_unavailable, "no answer"}
        });
    }
    EXPECT_EQ(cancel(id,
                     {
                         {"cancelAtPeriodEnd", true}
    })
                  .status,
              503);
    jobs::Runner runner(io_, db_, clock_);
    runner.handle(billing::cancel_job_kind, billing::cancel_job(services_.flows));
    for (int i = 0; i <= outage_tries; ++i) {
        database_.run("update paydesk.jobs set run_at = now() where status = 'queued'");
        run(runner.run_due());
    }
    EXPECT_TRUE(current().body.at("subscription").at("cancel_scheduled").as_bool());
    EXPECT_EQ(count("paydesk.jobs where status = 'dead'"), "0");
}

TEST_F(Subscriptions, TheLastWishCounts) {
    const std::string id = add_subscription(ada, "sub_1", "active");
    provider_.failures.push_back({
        "cancel_subscription", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(cancel(id,
                     {
                         {"cancelAtPeriodEnd", true}
    })
                  .status,
              503);
    EXPECT_EQ(cancel(id,
                     {
                         {"cancelAtPeriodEnd", false}
    })
                  .status,
              200);
    EXPECT_EQ(waiting_jobs(), "0") << "the older wish is gone";
    EXPECT_FALSE(provider_.subscriptions.at("sub_1").cancel_at_period_end);
    EXPECT_FALSE(current().body.at("subscription").at("cancel_scheduled").as_bool());
}

TEST_F(Subscriptions, ARefusalOfTheProviderEndsTheIntent) {
    const std::string id = add_subscription(ada, "sub_1", "active");
    provider_.failures.push_back({
        "cancel_subscription", {ErrorCode::provider_rejected, "No."}
    });
    EXPECT_EQ(cancel(id,
                     {
                         {"cancelAtPeriodEnd", true}
    })
                  .status,
              502);
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Subscriptions, TwoClicksOnCancelAgree) {
    const std::string id = add_subscription(ada, "sub_1", "active");
    std::vector<http::Request> clicks;
    for (int i = 0; i < 4; ++i) {
        clicks.push_back(request("POST", "/api/stripe/cancel-subscription", ada,
                                 json::serialize(json::object{
                                     {"subscriptionId",    id  },
                                     {"cancelAtPeriodEnd", true}
        })));
    }
    for (const Answer& answer : send_together(std::move(clicks)))
        EXPECT_EQ(answer.status, 200) << json::serialize(answer.body);
    EXPECT_TRUE(current().body.at("subscription").at("cancel_scheduled").as_bool());
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Subscriptions, ThePortalIsForWhoHasBoughtSomething) {
    EXPECT_EQ(post("/api/stripe/create-portal", ada, json::object{}).code(), "customer_missing");
    add_subscription(ada, "sub_1", "canceled");
    EXPECT_EQ(send(request("POST", "/api/stripe/create-portal", ada, "")).text({"url"}),
              "https://portal.example/session");
    EXPECT_EQ(provider_.last_portal->return_url, "https://app.example/dashboard");
    EXPECT_EQ(post("/api/stripe/create-portal", ada,
                   {
                       {"flow", "subscription_cancel"}
    })
                  .code(),
              "subscription_not_cancelable");
    EXPECT_EQ(post("/api/stripe/create-portal", ada,
                   {
                       {"flow", "delete_everything"}
    })
                  .status,
              422);
    EXPECT_EQ(post("/api/stripe/create-portal", ada,
                   {
                       {"returnUrl", "https://evil.example"}
    })
                  .code(),
              "url_not_allowed");

    add_subscription(ada, "sub_2", "active");
    EXPECT_EQ(post("/api/stripe/create-portal", ada,
                   {
                       {"flow",      "subscription_cancel"},
                       {"returnUrl", "/account"           }
    })
                  .status,
              200);
    EXPECT_EQ(provider_.last_portal->subscription->value, "sub_2");
    EXPECT_EQ(provider_.last_portal->return_url, "https://app.example/account");
    EXPECT_EQ(post("/api/stripe/create-portal", ada,
                   {
                       {"flow", "payment_method_update"}
    })
                  .status,
              200);
    EXPECT_EQ(provider_.last_portal->flow, provider::PortalFlow::payment_method_update);
}

struct AccessCase {
    const char* name;
    provider::SubscriptionStatus status;
    bool cancel_at_period_end;
    int days_into_period;  // and past due
    bool is_active;
    std::optional<int> until_day;  // of the period
};
using enum provider::SubscriptionStatus;
const AccessCase access_cases[] = {
    {"active",                 active,     false, 3,  true,  {}},
    {"active_ends",            active,     true,  3,  true,  30},
    {"active_has_ended",       active,     true,  30, false, {}},
    {"trialing",               trialing,   false, 3,  true,  {}},
    {"past_due_in_grace",      past_due,   false, 13, true,  14},
    {"past_due_on_the_edge",   past_due,   false, 14, false, {}},
    {"past_due_and_scheduled", past_due,   true,  3,  true,  14},
    {"unpaid",                 unpaid,     false, 3,  false, {}},
    {"paused",                 paused,     false, 3,  false, {}},
    {"incomplete",             incomplete, false, 3,  false, {}},
    {"canceled",               canceled,   true,  3,  false, {}},
};

TEST(Access, EachStatusIsWorthWhatTheDesignSays) {
    const Instant start = from_unix(1'800'000'000);
    for (const auto& c : access_cases) {
        SCOPED_TRACE(c.name);
        const auto access = billing::access_of({.status = c.status,
                                                .past_due_since = start,
                                                .current_period_end = start + std::chrono::days(30),
                                                .cancel_at_period_end = c.cancel_at_period_end,
                                                .cancel_at = {}},
                                               start + std::chrono::days(c.days_into_period),
                                               std::chrono::days(14));
        EXPECT_EQ(access.is_active, c.is_active);
        EXPECT_EQ(access.until, c.until_day ? std::optional(start + std::chrono::days(*c.until_day))
                                            : std::nullopt);
        EXPECT_EQ(access.cancel_scheduled, c.cancel_at_period_end && c.status != canceled);
    }
}

TEST(Access, PastDueSinceNobodyKnowsWhenGrantsNothing) {
    EXPECT_FALSE(
        billing::access_of(
            {.status = past_due, .past_due_since = {}, .current_period_end = {}, .cancel_at = {}},
            from_unix(1'800'000'000), std::chrono::days(14))
            .is_active);
}

}  // namespace
}  // namespace paydesk::api
