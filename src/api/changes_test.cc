// Changes of a running subscription, by all routes, on a real Postgres and a scripted provider.
#include "billing/change_flow.h"

#include "api/test_api.h"
#include "billing/apply_change.h"

namespace paydesk::api {
namespace {

class Changes : public TestApi {
protected:
    Changes() { id_ = add_subscription(ada, "sub_1", "active"); }

    std::string path(const std::string& more = "") { return "/api/subscriptions/sub_1" + more; }
    Answer change(json::object to, const char* user = ada) {
        return patch(path(), user, std::move(to));
    }
    Answer preview(json::object to) { return post(path("/preview"), ada, std::move(to)); }
    Answer remove(const std::string& target, const char* user = ada) {
        return send(request("DELETE", target, user));
    }
    json::value current() {
        return get("/api/stripe/get-subscription", ada).body.at("subscription");
    }
    std::string waiting_jobs() {
        return count("paydesk.jobs where kind = 'check_subscription' and status = 'queued'");
    }
    std::string id_;
};

json::object business() {
    return {
        {"planId", "business"}
    };
}
// Five of them, to go down from.
json::object seats(std::int64_t quantity) {
    return {
        {"quantity", quantity}
    };
}

TEST_F(Changes, AnUpgradeIsPreviewedAndChargedAtOnce) {
    const Answer previewed = preview(business());
    ASSERT_EQ(previewed.status, 200) << json::serialize(previewed.body);
    EXPECT_EQ(previewed.text({"preview", "when"}), "now");
    EXPECT_EQ(previewed.text({"preview", "plan_name"}), "Business");
    EXPECT_EQ(previewed.body.at("preview").at("amount_due").as_int64(), 5000);
    EXPECT_EQ(previewed.body.at("preview").at("lines").as_array().size(), 1U);
    EXPECT_EQ(previewed.body.at("preview").at("renewal_amount").as_int64(), 9900);
    const std::string date = previewed.text({"preview", "proration_date"});
    EXPECT_EQ(date, to_iso8601(*provider_.proration_date));
    EXPECT_EQ(provider_.count("change_plan"), 0) << "a preview changes nothing";

    const Answer changed = change({
        {"planId",        "business"},
        {"prorationDate", date      }
    });
    ASSERT_EQ(changed.status, 200) << json::serialize(changed.body);
    EXPECT_EQ(changed.text({"state"}), "applied");
    EXPECT_EQ(changed.text({"subscription", "plan_key"}), "business");
    EXPECT_EQ(changed.body.at("subscription").at("amount").as_int64(), 9900);
    EXPECT_EQ(provider_.last_change->proration_date, provider_.proration_date);
    EXPECT_EQ(provider_.last_change->item.value, "si_sub_1");
    EXPECT_EQ(waiting_jobs(), "0");
    EXPECT_EQ(change(business()).code(), "invalid_input") << "it is so already";
}

TEST_F(Changes, WhoChoosesTheDateWouldChooseThePrice) {
    for (const auto days : {-1, 29}) {
        const Answer answer = change({
            {"planId",        "business"                                                     },
            {"prorationDate", to_iso8601(*provider_.proration_date + std::chrono::days(days))}
        });
        EXPECT_EQ(answer.status, 422);
        EXPECT_EQ(answer.code(), "invalid_input");
    }
    EXPECT_EQ(provider_.count("change_plan"), 0);
    EXPECT_EQ(change({
                         {"planId",        "business"},
                         {"prorationDate", "tomorrow"}
    })
                  .status,
              422);
}

TEST_F(Changes, ADowngradeWaitsForThePeriodsEnd) {
    ASSERT_EQ(change(seats(3)).status, 200);
    const Answer previewed = preview(seats(2));
    EXPECT_EQ(previewed.text({"preview", "when"}), "period_end");
    EXPECT_EQ(previewed.body.at("preview").at("amount_due").as_int64(), 0);
    EXPECT_TRUE(previewed.body.at("preview").at("proration_date").is_null());

    const Answer changed = change(seats(2));
    ASSERT_EQ(changed.status, 200) << json::serialize(changed.body);
    EXPECT_EQ(changed.text({"state"}), "scheduled");
    const auto scheduled = current().at("scheduled_change");
    EXPECT_EQ(scheduled.at("quantity").as_int64(), 2);
    EXPECT_EQ(scheduled.at("plan_key").as_string(), "pro");
    EXPECT_EQ(current().at("quantity").as_int64(), 3) << "until then all stays";
    EXPECT_EQ(count("paydesk.notifications where type = 'subscription_change_scheduled'"), "1");

    // The second thought takes the place of the first.
    ASSERT_EQ(change(seats(1)).status, 200);
    EXPECT_EQ(current().at("scheduled_change").at("quantity").as_int64(), 1);
    EXPECT_EQ(provider_.schedules.size(), 1U);

    // Back to what it is: nothing is scheduled any more.
    const Answer kept = change(seats(3));
    EXPECT_EQ(kept.text({"state"}), "applied");
    EXPECT_TRUE(current().at("scheduled_change").is_null());
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Changes, AScheduledChangeCanBeCalledOff) {
    ASSERT_EQ(change(seats(3)).status, 200);
    ASSERT_EQ(change(seats(1)).text({"state"}), "scheduled");
    const Answer off = remove(path("/scheduled-change"));
    ASSERT_EQ(off.status, 200) << json::serialize(off.body);
    EXPECT_TRUE(off.body.at("subscription").at("scheduled_change").is_null());
    EXPECT_EQ(remove(path("/scheduled-change")).status, 200) << "nothing scheduled is a success";
}

TEST_F(Changes, AnUpgradeTakesThePlaceOfAScheduledDowngrade) {
    ASSERT_EQ(change(seats(3)).status, 200);
    ASSERT_EQ(change(seats(1)).text({"state"}), "scheduled");
    ASSERT_EQ(change(business()).text({"state"}), "applied");
    EXPECT_EQ(current().at("plan_key").as_string(), "business");
    EXPECT_EQ(provider_.schedules.at("sub_sched_1").status, "released");
    EXPECT_TRUE(current().at("scheduled_change").is_null());
}

TEST_F(Changes, OnceItIsSoNothingIsScheduledWhateverWasToldFirst) {
    ASSERT_EQ(change(seats(3)).status, 200);
    ASSERT_EQ(change(seats(1)).text({"state"}), "scheduled");
    // The period ends: the subscription's news comes, the schedule's is still on its way.
    auto& snapshot = provider_.subscriptions.at("sub_1");
    snapshot.items.front().quantity = 1;
    std::vector<billing::ToApply> told;
    told.push_back({.change = provider_.change_of(snapshot)});
    run(db_.transaction([&](db::Tx& tx) -> Task<std::size_t> {
        co_return (co_await billing::apply_changes(tx, told, clock_.now())).size();
    }));
    EXPECT_EQ(current().at("quantity").as_int64(), 1);
    EXPECT_TRUE(current().at("scheduled_change").is_null());
}

TEST_F(Changes, YearlyAtOnceMonthlyLater) {
    const json::object yearly{
        {"billingCycle", "yearly"}
    };
    ASSERT_EQ(change(yearly).text({"state"}), "applied");
    EXPECT_EQ(current().at("plan_type").as_string(), "yearly");
    EXPECT_EQ(current().at("amount").as_int64(), 49000);
    EXPECT_EQ(change({
                         {"billingCycle", "monthly"}
    })
                  .text({"state"}),
              "scheduled");
    EXPECT_EQ(current().at("scheduled_change").at("plan_type").as_string(), "monthly");
}

TEST_F(Changes, ADeclinedCardChangesNothing) {
    provider_.failures.push_back({
        "change_plan", {ErrorCode::payment_declined, "Your card has insufficient funds."}
    });
    const Answer answer = change(business());
    EXPECT_EQ(answer.status, 402);
    EXPECT_EQ(answer.text({"detail"}), "Your card has insufficient funds.");
    EXPECT_EQ(current().at("plan_key").as_string(), "pro");
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Changes, WhatTheBankAsksAboutIsPaidOnItsPage) {
    provider_.change_state = provider::PlanChanged::State::requires_action;
    const Answer answer = change(business());
    ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
    EXPECT_EQ(answer.text({"state"}), "requires_action");
    EXPECT_EQ(answer.text({"hosted_invoice_url"}), "https://pay.example/in_1");
    EXPECT_FALSE(answer.body.at("expires_at").is_null());
    EXPECT_EQ(answer.text({"subscription", "plan_key"}), "pro");
}

TEST_F(Changes, TwoClicksChangeOnce) {
    std::vector<http::Request> clicks;
    for (int i = 0; i < 4; ++i) {
        clicks.push_back(request("PATCH", path(), ada, json::serialize(business())));
    }
    int applied = 0;
    for (const Answer& answer : send_together(std::move(clicks))) {
        applied += answer.status == 200;
        EXPECT_TRUE(answer.status == 200 || answer.code() == "invalid_input")
            << json::serialize(answer.body);
    }
    EXPECT_GE(applied, 1);
    EXPECT_EQ(current().at("plan_key").as_string(), "business");
    EXPECT_EQ(current().at("quantity").as_int64(), 1);
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Changes, OneKeyIsOneChange) {
    http::Request once = request("PATCH", path(), ada, json::serialize(business()));
    once.headers.add("Idempotency-Key", "upgrade-1");
    EXPECT_EQ(send(once).status, 200);
    const Answer again = send(once);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
    EXPECT_EQ(provider_.count("change_plan"), 1);
}

TEST_F(Changes, ALostAnswerIsAskedForAndNotRepeated) {
    provider_.failures.push_back({
        "change_plan", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(change(business()).status, 503);
    EXPECT_EQ(current().at("plan_key").as_string(), "pro");
    EXPECT_EQ(waiting_jobs(), "1");

    database_.run("update paydesk.jobs set run_at = now()");
    jobs::Runner runner(io_, db_, clock_);
    runner.handle(billing::change_job_kind, billing::change_job(services_.flows));
    EXPECT_GE(run(runner.run_due()), 1u);
    EXPECT_EQ(current().at("plan_key").as_string(), "business") << "it had taken effect";
    EXPECT_EQ(provider_.count("change_plan"), 1);
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Changes, WhatIsWrongIsRefused) {
    const std::tuple<const char*, int, const char*> bodies[] = {
        {R"({})",                                                                   422, "invalid_input"       },
        {R"({"planId": "nope"})",                                                   422, "plan_unknown"        },
        {R"({"planId": "free"})",                                                   422, "plan_not_purchasable"},
        {R"({"priceId": "price_of_somebody_else"})",                                422, "plan_unknown"        },
        {R"({"planId": "pro"})",                                                    422, "invalid_input"       },
        {R"({"quantity": 0})",                                                      422, "invalid_input"       },
        {R"({"quantity": 1001})",                                                   422, "invalid_input"       },
        {R"({"quantity": "3"})",                                                    422, "invalid_input"       },
        {R"({"billingCycle": "daily"})",                                            422, "invalid_input"       },
        {R"({"plan": "business"})",                                                 422, "invalid_input"       },
        {R"({"planId": "business", "priceId": "price_pro_monthly_4900"})",          422, "invalid_input"       },
        {R"({"planId": "credits_1000"})",                                           422, "plan_not_purchasable"},
        {R"({"planId": "pro", "priceId": "price_business_monthly_9900"})",          422, "invalid_input"       },
        {R"({"priceId": "price_business_monthly_9900", "billingCycle": "yearly"})", 422,
         "invalid_input"                                                                                       },
    };
    for (const auto& [body, status, code] : bodies) {
        const Answer answer = send(request("PATCH", path(), ada, body));
        EXPECT_EQ(answer.status, status) << body << json::serialize(answer.body);
        EXPECT_EQ(answer.code(), code) << body;
    }
    EXPECT_EQ(provider_.count("change_plan"), 0);
}

TEST_F(Changes, AnothersIsNotFound) {
    EXPECT_EQ(change(business(), grace).status, 404);
    EXPECT_EQ(send(request("POST", path("/preview"), grace, R"({"planId":"business"})")).status,
              404);
    EXPECT_EQ(remove(path(), grace).status, 404);
    EXPECT_EQ(remove(path("/scheduled-change"), grace).status, 404);
    EXPECT_EQ(remove(path("/promotion-code"), grace).status, 404);
    for (const char* what : {"/pause", "/resume"}) {
        EXPECT_EQ(send(request("POST", path(what), grace)).status, 404);
    }
    EXPECT_TRUE(provider_.calls.empty());
    EXPECT_TRUE(get("/api/subscriptions", grace).body.at("subscriptions").as_array().empty());
    EXPECT_EQ(get("/api/subscriptions", ada).body.at("subscriptions").as_array().size(), 1U);
}

TEST_F(Changes, OnlyWhatRunsCanBeChanged) {
    for (const char* status : {"past_due", "unpaid", "incomplete", "paused", "canceled"}) {
        const std::string other = std::string("sub_") + status;
        add_subscription(grace, other, status);
        const Answer answer = patch("/api/subscriptions/" + other, grace, business());
        EXPECT_EQ(answer.status, 409) << status;
        EXPECT_EQ(answer.code(), "subscription_not_changeable") << status;
    }
}

TEST_F(Changes, APauseEndsTheAccessAndAResumptionBringsItBack) {
    const Answer paused = send(request("POST", path("/pause"), ada));
    ASSERT_EQ(paused.status, 200) << json::serialize(paused.body);
    EXPECT_EQ(paused.text({"subscription", "status"}), "paused");
    EXPECT_FALSE(paused.body.at("subscription").at("is_active").as_bool());
    EXPECT_EQ(send(request("POST", path("/pause"), ada)).status, 200) << "it is so already";
    EXPECT_EQ(provider_.count("pause_subscription"), 1);

    provider_.change_state = provider::PlanChanged::State::requires_action;
    const Answer unpaid = send(request("POST", path("/resume"), ada));
    EXPECT_EQ(unpaid.text({"state"}), "requires_action");
    EXPECT_EQ(unpaid.text({"subscription", "status"}), "paused");

    provider_.change_state = provider::PlanChanged::State::applied;
    const Answer resumed = send(request("POST", path("/resume"), ada));
    EXPECT_EQ(resumed.text({"subscription", "status"}), "active");
    EXPECT_TRUE(resumed.body.at("subscription").at("is_active").as_bool());
}

TEST_F(Changes, WhoLeavesMaySayWhy) {
    const Answer left = post("/api/stripe/cancel-subscription", ada,
                             {
                                 {"subscriptionId",    "sub_1"           },
                                 {"cancelAtPeriodEnd", true              },
                                 {"feedback",          "too_expensive"   },
                                 {"comment",           "Two\nlines, ünï."}
    });
    ASSERT_EQ(left.status, 200) << json::serialize(left.body);
    EXPECT_EQ(left.text({"subscription", "cancel_feedback"}), "too_expensive");
    EXPECT_EQ(left.text({"subscription", "cancel_comment"}), "Two\nlines, ünï.");
    EXPECT_EQ(
        post(
            "/api/stripe/cancel-subscription", ada,
            {
                {"subscriptionId",    "sub_1"   },
                {"cancelAtPeriodEnd", true      },
                {"feedback",          "i am sad"}
    })
            .status,
        422);
    EXPECT_EQ(
        post("/api/stripe/cancel-subscription", ada,
             {
                 {"subscriptionId",    "sub_1" },
                 {"cancelAtPeriodEnd", false   },
                 {"feedback",          "unused"}
    })
            .status,
        422);

    EXPECT_EQ(change(business()).code(), "subscription_not_changeable") << "it is about to end";
    const Answer stays = send(request("POST", path("/resume"), ada));
    EXPECT_FALSE(stays.body.at("subscription").at("cancel_scheduled").as_bool());
    EXPECT_TRUE(stays.body.at("subscription").at("cancel_feedback").is_null());

    EXPECT_TRUE(remove(path()).body.at("subscription").at("cancel_scheduled").as_bool());
}

TEST_F(Changes, APromotionCodeComesAndGoes) {
    provider_.promotion_codes["SPRING"] = {.promotion_code = {"promo_1"},
                                           .code = "SPRING",
                                           .active = true,
                                           .name = "Spring",
                                           .percent_off = "25",
                                           .duration = "once"};
    const auto apply = [&](const char* code) {
        return post(path("/promotion-code"), ada,
                    {
                        {"promotionCode", code}
        });
    };
    EXPECT_EQ(apply("NOPE").code(), "promotion_code_invalid");
    EXPECT_EQ(apply("NOPE").text({"detail"}), "There is no such promotion code.");
    const Answer applied = apply("SPRING");
    ASSERT_EQ(applied.status, 200) << json::serialize(applied.body);
    EXPECT_EQ(applied.text({"promotion", "percent_off"}), "25");
    EXPECT_EQ(provider_.discounts.at("sub_1"), provider::Ref{"promo_1"});
    EXPECT_EQ(remove(path("/promotion-code")).status, 200);
    EXPECT_FALSE(provider_.discounts.at("sub_1"));

    provider_.promotion_codes["SPRING"].customer = provider::Ref{"cus_other"};
    EXPECT_EQ(apply("SPRING").text({"detail"}),
              "This promotion code was made for another customer.");
    provider_.promotion_codes["SPRING"].customer = provider::Ref{"cus_of_" + std::string(ada)};
    provider_.failures.push_back({
        "set_promotion_code", {ErrorCode::provider_rejected, "No."}
    });
    EXPECT_EQ(apply("SPRING").code(), "promotion_code_invalid");
    EXPECT_EQ(post(path("/promotion-code"), ada, json::object{}).status, 422);
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Changes, APromotionCodeIsPartOfTheChange) {
    provider_.promotion_codes["SPRING"] = {
        .promotion_code = {"promo_1"}, .code = "SPRING", .active = true, .percent_off = "25"};
    const auto with = [](json::object to, const char* code = "SPRING") {
        to["promotionCode"] = code;
        return to;
    };
    const auto sent = [&] { return provider_.last_change->promotion_code; };
    EXPECT_TRUE(preview(business()).body.at("preview").at("promotion").is_null());
    EXPECT_EQ(preview(with(business(), "NOPE")).code(), "promotion_code_invalid");
    const Answer previewed = preview(with(business()));
    ASSERT_EQ(previewed.status, 200) << json::serialize(previewed.body);
    EXPECT_EQ(previewed.text({"preview", "promotion", "percent_off"}), "25");
    EXPECT_EQ(sent()->promotion_code, provider::Ref{"promo_1"});
    EXPECT_EQ(preview(with({})).status, 422) << "a code alone is no change";
    EXPECT_EQ(provider_.count("set_promotion_code"), 0) << "a preview sets nothing";

    EXPECT_EQ(change(with(business(), "NOPE")).code(), "promotion_code_invalid");
    provider_.failures.push_back({
        "change_plan", {ErrorCode::provider_rejected, "No."}
    });
    EXPECT_EQ(change(with(business())).code(), "promotion_code_invalid");
    EXPECT_EQ(current().at("plan_key").as_string(), "pro") << "nothing has changed";
    ASSERT_EQ(change(with(seats(3))).text({"state"}), "applied");
    EXPECT_EQ(sent()->promotion_code, provider::Ref{"promo_1"});
    ASSERT_EQ(change(with(seats(2))).text({"state"}), "scheduled");
    EXPECT_EQ(sent()->promotion_code, provider::Ref{"promo_1"});
    EXPECT_EQ(provider_.count("set_promotion_code"), 0) << "the change itself has it";

    // What gives up a scheduled change is no change that could have it.
    ASSERT_EQ(change(with(seats(3))).text({"state"}), "applied");
    EXPECT_EQ(provider_.discounts.at("sub_1"), provider::Ref{"promo_1"});
    EXPECT_EQ(waiting_jobs(), "0");
}

TEST_F(Changes, ACodeIsCheckedBeforeAnybodyIsSentToPay) {
    const auto buy = [&](const char* code) {
        return post("/api/create-checkout", grace,
                    {
                        {"planId",        "pro"    },
                        {"billingCycle",  "monthly"},
                        {"promotionCode", code     }
        });
    };
    EXPECT_EQ(buy("SPRING").code(), "promotion_code_invalid");
    EXPECT_EQ(provider_.count("create_checkout"), 0);
    provider_.promotion_codes["SPRING"] = {
        .promotion_code = {"promo_1"}, .code = "SPRING", .active = true};
    EXPECT_EQ(buy("SPRING").status, 200);
    EXPECT_EQ(provider_.last_checkout->promotion_code, "promo_1");
    provider_.promotion_codes["SPRING"].minimum_amount = Money(5'000, Currency::usd());
    EXPECT_EQ(buy("SPRING").code(), "promotion_code_invalid") << "Pro costs 49";
}

}  // namespace
}  // namespace paydesk::api
