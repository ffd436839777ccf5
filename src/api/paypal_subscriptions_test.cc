#include <random>

#include "api/test_paypal.h"

namespace paydesk::api {
namespace {

using namespace std::chrono_literals;
using enum provider::SubscriptionStatus;

class PayPalSubscriptions : public TestPayPal {
protected:
    Answer act(const char* what, const std::string& id, std::string user = ada) {
        return post(std::string("/api/paypal/") + what + "-subscription", user,
                    {
                        {"subscriptionId", id       },
                        {"reason",         "Testing"}
        });
    }
    // One column of the only subscription of an account at PayPal.
    std::string row(const std::string& column, const std::string& id) {
        return std::string(database_
                               .run("select coalesce((" + column +
                                        ")::text, 'null') as it from paydesk.subscriptions where "
                                        "provider_subscription_id = $1",
                                    {id})
                               .text(0, "it"));
    }
    // PayPal has ended it: no further payment, access until what is paid for is over.
    void cancel_at_paypal(const std::string& id) {
        auto& snapshot = paypal_.subscriptions.at(id);
        snapshot.cancel_at_period_end = true;
        snapshot.cancel_at = snapshot.period_end;
        snapshot.canceled_at = snapshot.period_start;
    }
};

TEST_F(PayPalSubscriptions, APlanByItsKeyIsApprovedAndGrantsWhatThePlanGives) {
    const Answer begun = post("/api/paypal/create-subscription", ada,
                              {
                                  {"planId", "pro_monthly"}
    });
    ASSERT_EQ(begun.status, 200) << json::serialize(begun.body);
    const std::string id = begun.text({"subscriptionId"});
    EXPECT_EQ(begun.text({"approvalUrl"}), "https://pay.example/" + id);
    EXPECT_EQ(paypal_.last_checkout->price.value, "P-pro_monthly_4900");
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "free")
        << "not approved yet";

    approve_subscription(id);
    const Answer current = get("/api/stripe/get-subscription", ada);
    EXPECT_EQ(current.text({"subscription", "provider"}), "paypal");
    EXPECT_EQ(current.text({"subscription", "paypal_subscription_id"}), id);
    EXPECT_EQ(current.text({"subscription", "plan_key"}), "pro");
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "pro");
    EXPECT_EQ(count("paydesk.credit_grants where kind = 'plan' and issued = 2500"), "1");
    EXPECT_EQ(count("paydesk.payments where provider = 'paypal' and status = 'succeeded'"), "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'payment_success'"), "1");

    tell_all(id);
    tell_all(id);
    EXPECT_EQ(count("paydesk.payments"), "1");
    EXPECT_EQ(count("paydesk.credit_grants where kind = 'plan'"), "1");
    EXPECT_EQ(count("paydesk.notifications where type = 'payment_success'"), "1");
}

TEST_F(PayPalSubscriptions, TheCheckoutRouteOfAllProvidersTakesPayPal) {
    const json::value body{
        {"provider",     "paypal"},
        {"planId",       "pro"   },
        {"billingCycle", "yearly"}
    };
    const Answer begun = post("/api/create-checkout", ada, body);
    ASSERT_EQ(begun.status, 200) << json::serialize(begun.body);
    EXPECT_EQ(begun.text({"sessionId"}).substr(0, 2), "I-");
    EXPECT_EQ(paypal_.last_checkout->price.value, "P-pro_yearly_49000");
    EXPECT_EQ(post("/api/create-checkout", ada, body).text({"sessionId"}),
              begun.text({"sessionId"}));
}

TEST_F(PayPalSubscriptions, AnotherProviderIsAnotherWish) {
    const json::value stripe{
        {"planId",       "pro"    },
        {"billingCycle", "monthly"}
    };
    const std::string session = post("/api/create-checkout", ada, stripe).text({"sessionId"});
    ASSERT_EQ(post("/api/paypal/create-subscription", ada,
                   {
                       {"planId", "pro_monthly"}
    })
                  .status,
              200);
    EXPECT_EQ(provider_.count("expire_checkout"), 1)
        << "two open ones could end in two subscriptions";
    EXPECT_EQ(count("paydesk.checkouts where status = 'open'"), "1");
    EXPECT_EQ(post("/api/create-checkout", ada, stripe).status, 200) << "and back again";
    EXPECT_EQ(count("paydesk.checkouts where status = 'open' and provider = 'stripe'"), "1");
}

TEST_F(PayPalSubscriptions, OneLiveSubscriptionOverBothProviders) {
    subscribe(ada);
    const json::value wish{
        {"planId",       "business"},
        {"billingCycle", "monthly" }
    };
    EXPECT_EQ(post("/api/create-checkout", ada, wish).code(), "subscription_exists");
    EXPECT_EQ(post("/api/paypal/create-subscription", ada, wish).code(), "subscription_exists");
    add_subscription(grace, "sub_1", "active");
    EXPECT_EQ(post("/api/paypal/create-subscription", grace, wish).code(), "subscription_exists");
}

TEST_F(PayPalSubscriptions, ASecondOneThatIsApprovedAllTheSameIsEnded) {
    const Answer first = post("/api/paypal/create-subscription", ada,
                              {
                                  {"planId", "pro_monthly"}
    });
    const std::string left_open = first.text({"subscriptionId"});
    const std::string id = subscribe(ada, "business_monthly");
    ASSERT_NE(id, left_open);
    approve_subscription(left_open);
    run_jobs();
    EXPECT_EQ(row("status", left_open), "canceled");
    EXPECT_EQ(row("status", id), "active");
    EXPECT_EQ(count("paydesk.notifications where type = 'second_subscription_ended'"), "2")
        << "for the buyer and for the operator";
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "business");
}

TEST_F(PayPalSubscriptions, BeforeASecondOneIsEndedPayPalIsAskedAboutTheFirst) {
    const Answer first = post("/api/paypal/create-subscription", ada,
                              {
                                  {"planId", "pro_monthly"}
    });
    const std::string left_open = first.text({"subscriptionId"});
    const std::string id = subscribe(ada, "business_monthly");
    auto& ended = paypal_.subscriptions.at(id);  // and nobody has told us
    ended.status = canceled;
    ended.ended_at = ended.canceled_at = ended.period_start;
    approve_subscription(left_open);
    run_jobs();
    EXPECT_EQ(row("status", id), "canceled");
    EXPECT_EQ(row("status", left_open), "active");
}

TEST_F(PayPalSubscriptions, CancelKeepsAccessUntilWhatIsPaidForIsOver) {
    const std::string id = subscribe(ada);
    EXPECT_EQ(act("cancel", id, grace).status, 404);
    const Answer cancelled = act("cancel", id);
    ASSERT_EQ(cancelled.status, 200) << json::serialize(cancelled.body);
    EXPECT_TRUE(cancelled.body.at("subscription").at("cancel_scheduled").as_bool());
    EXPECT_TRUE(cancelled.body.at("subscription").at("is_active").as_bool());
    cancel_at_paypal(id);
    tell_all(id);
    EXPECT_EQ(row("status", id), "active");
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "pro");
    EXPECT_EQ(count("paydesk.notifications where type = 'subscription_cancel_scheduled'"), "1");

    // The last day has come; nothing tells so but the clock, and PayPal when it is asked.
    auto& snapshot = paypal_.subscriptions.at(id);
    const Instant past = from_unix(to_unix(clock_.now()) - 10);
    snapshot.period_start = past - 24h * 30;
    snapshot.period_end = snapshot.cancel_at = past;
    tell_all(id);
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "free")
        << "by the clock alone";
    snapshot.status = canceled;
    snapshot.ended_at = past;
    database_.run(
        "update paydesk.subscriptions set created_at = now() - interval '2 hours', "
        "provider_stamp = now() - interval '2 hours'");
    EXPECT_EQ(run(billing::poll(*services_.flows.paypal, {})).value().asked, 1);
    EXPECT_EQ(row("status", id), "canceled");
    EXPECT_EQ(count("paydesk.credit_grants where kind = 'free'"), "1") << "the free tier begins";
}

TEST_F(PayPalSubscriptions, SuspendPausesAndReactivateGoesOn) {
    const std::string id = subscribe(ada);
    EXPECT_EQ(act("suspend", id).text({"status"}), "paused");
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "free");
    EXPECT_EQ(act("reactivate", id).text({"status"}), "active");
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "pro");
    EXPECT_EQ(count("paydesk.audit_log where details ->> 'reason' = 'Testing'"), "2");
    EXPECT_EQ(provider_.calls.size(), 0u) << "nothing of it is Stripe's";

    paypal_.failures.push_back({
        "cancel_subscription", {ErrorCode::subscription_not_resumable, "PayPal can't undo it."}
    });
    cancel_at_paypal(id);
    tell_all(id);
    EXPECT_EQ(act("reactivate", id).code(), "subscription_not_resumable");
}

TEST_F(PayPalSubscriptions, AChangeOfPlanNeedsConsentAndCountsFromTheNextPayment) {
    const std::string id = subscribe(ada);
    const json::value up{
        {"planId", "business"}
    };
    const Answer previewed = post("/api/subscriptions/" + id + "/preview", ada, up);
    ASSERT_EQ(previewed.status, 200) << json::serialize(previewed.body);
    EXPECT_EQ(previewed.text({"preview", "when"}), "period_end") << "no proration";
    EXPECT_EQ(previewed.body.at("preview").at("amount_due").as_int64(), 0);

    paypal_.change_state = provider::PlanChanged::State::requires_action;
    for (const char* plan : {"business", "enterprise"}) {
        const Answer changed = patch("/api/subscriptions/" + id, ada,
                                     {
                                         {"planId", plan}
        });
        ASSERT_EQ(changed.status, 200) << json::serialize(changed.body);
        EXPECT_EQ(changed.text({"state"}), "requires_action");
        EXPECT_FALSE(changed.text({"hosted_invoice_url"}).empty());
        EXPECT_EQ(row("plan_key", id), "pro");
    }
    EXPECT_EQ(paypal_.count("change_plan"), 2);
    EXPECT_EQ(paypal_.count("schedule_change"), 0);
}

TEST_F(PayPalSubscriptions, AFailedRenewalIsDunnedAndRecovers) {
    const std::string id = subscribe(ada);
    auto& snapshot = paypal_.subscriptions.at(id);
    snapshot.status = past_due;
    auto owed = invoice_of(id, 2);
    owed.attempt_count = 1;
    paypal_.sales[id].emplace_back(std::nullopt, owed);
    tell_all(id);
    EXPECT_EQ(row("status", id), "past_due");
    EXPECT_NE(row("past_due_since", id), "null");
    EXPECT_EQ(count("paydesk.notifications where type = 'payment_failed'"), "1");
    EXPECT_EQ(get("/api/entitlements", ada).text({"entitlements", "plan_key"}), "pro") << "grace";

    snapshot.status = active;
    add_sale(id, 2);
    tell_all(id);
    EXPECT_EQ(row("status", id), "active");
    EXPECT_EQ(count("paydesk.invoices where status = 'paid'"), "2");
    EXPECT_EQ(count("paydesk.payments where status = 'succeeded'"), "2");
}

TEST_F(PayPalSubscriptions, WhoHasOnlyPayPalGetsOurOwnBillingPage) {
    subscribe(ada);
    const Answer portal = post("/api/stripe/create-portal", ada, json::object{});
    ASSERT_EQ(portal.status, 200) << json::serialize(portal.body);
    EXPECT_EQ(portal.text({"url"}), "https://app.example/dashboard");
    EXPECT_EQ(provider_.count("create_portal"), 0);
    EXPECT_EQ(post("/api/stripe/create-portal", grace, json::object{}).code(), "customer_missing");
}

TEST_F(PayPalSubscriptions, StripesHistoryAndPayPalsSubscriptionAreOnePage) {
    add_subscription(ada, "sub_old", "canceled");
    add_invoice(ada, "in_old", "2026-01-01T00:00:00Z");
    const std::string id = subscribe(ada);
    EXPECT_EQ(get("/api/subscriptions", ada).body.at("subscriptions").as_array().size(), 2u);
    EXPECT_EQ(
        get("/api/stripe/get-subscription", ada).text({"subscription", "paypal_subscription_id"}),
        id);
    EXPECT_EQ(get("/api/stripe/get-invoices", ada).body.at("invoices").as_array().size(), 2u);
}

TEST_F(PayPalSubscriptions, PayPalIsAskedWhereItIsThere) {
    const std::string id = subscribe(ada);
    paypal_.subscriptions.at(id).status = paused;
    const Answer now = get("/api/paypal/subscriptions/" + id, ada);
    EXPECT_EQ(now.text({"status"}), "paused") << json::serialize(now.body);
    paypal_.failures.push_back({
        "fetch_with_payments", {ErrorCode::provider_unavailable, "no answer"}
    });
    EXPECT_EQ(get("/api/paypal/subscriptions/" + id, ada).text({"status"}), "paused");
    EXPECT_EQ(get("/api/paypal/subscriptions/" + id, grace).status, 404);
    EXPECT_EQ(get("/api/paypal/subscriptions/sub_1", ada).status, 404);
}

TEST_F(PayPalSubscriptions, TheMonthsUsageIsLimitedByThePlanWhoeverIsPaid) {
    const json::value event{
        {"metric",         "api_calls"},
        {"quantity",       5'000      },
        {"idempotencyKey", "one"      }
    };
    EXPECT_FALSE(post("/api/usage/consume", ada, event).body.at("allowed").as_bool())
        << "free: 1,000 a month";
    subscribe(ada);
    EXPECT_TRUE(post("/api/usage/consume", ada, event).body.at("allowed").as_bool())
        << "pro: 100,000";
}

}  // namespace
}  // namespace paydesk::api
