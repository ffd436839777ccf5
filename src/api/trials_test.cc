// One trial for each person, and reminders before something is charged.
#include "billing/trials.h"

#include "api/test_api.h"
#include "billing/apply_change.h"
#include "billing/reminders.h"

namespace paydesk::api {
namespace {

class Trials : public TestApi {
protected:
    // A trial as webhooks tell it, with a card.
    void begin_trial(const char* account, const std::string& id, const std::string& fingerprint) {
        add_subscription(account, id, "incomplete");
        database_.run(
            "insert into paydesk.payment_methods (account_id, id, provider, "
            "provider_payment_method_id, type, fingerprint) values ($1, gen_random_uuid(), "
            "'stripe', $2, 'card', nullif($3, ''))",
            {account, "pm_" + id, fingerprint});
        auto& snapshot = provider_.subscriptions.at(id);
        snapshot.status = provider::SubscriptionStatus::trialing;
        snapshot.trial_start = clock_.now();
        snapshot.trial_end = clock_.now() + std::chrono::days(2);
        snapshot.default_payment_method = provider::Ref{"pm_" + id};
        tell(id);
    }
    void tell(const std::string& id) {
        std::vector<billing::ToApply> told;
        told.push_back({.change = provider_.change_of(provider_.subscriptions.at(id))});
        run(db_.transaction([&](db::Tx& tx) -> Task<std::size_t> {
            co_return (co_await billing::apply_changes(tx, told, clock_.now())).size();
        }));
    }
    void run_jobs() {
        database_.run("update paydesk.jobs set run_at = now()");
        jobs::Runner runner(io_, db_, clock_);
        runner.handle(billing::trial_job_kind, billing::trial_job(services_.flows));
        run(runner.run_due());
    }
    std::string status_of(const char* account) {
        return get("/api/stripe/get-subscription", account).text({"subscription", "status"});
    }
    std::size_t remind(billing::ReminderDays days = {}) {
        return run(billing::send_reminders(services_.flows.stripe, days)).value();
    }
};

TEST_F(Trials, OneCardIsOnePerson) {
    begin_trial(ada, "sub_ada", "fp_1");
    run_jobs();
    EXPECT_EQ(status_of(ada), "trialing");

    begin_trial(grace, "sub_grace", "fp_1");
    run_jobs();
    EXPECT_EQ(status_of(grace), "canceled");
    EXPECT_EQ(status_of(ada), "trialing") << "the first one stays";
    EXPECT_EQ(count("paydesk.notifications where type = 'trial_refused'"), "1");
    EXPECT_EQ(count("paydesk.emails where kind = 'trial_refused' and account_id = '" +
                    std::string(grace) + "'"),
              "1");
    EXPECT_EQ(count("paydesk.trials where refused_at is not null"), "1");
}

TEST_F(Trials, AnotherCardIsAnotherPerson) {
    begin_trial(ada, "sub_ada", "fp_1");
    begin_trial(grace, "sub_grace", "fp_2");
    run_jobs();
    EXPECT_EQ(status_of(ada), "trialing");
    EXPECT_EQ(status_of(grace), "trialing");
    EXPECT_EQ(count("paydesk.trials where fingerprint is not null"), "2");
}

TEST_F(Trials, TwoAtOnceAreJudgedByWhoBeganFirst) {
    begin_trial(ada, "sub_ada", "fp_1");
    begin_trial(grace, "sub_grace", "fp_1");
    run_jobs();
    EXPECT_EQ(status_of(ada), "trialing");
    EXPECT_EQ(status_of(grace), "canceled");
}

TEST_F(Trials, APaymentMethodWithoutAFingerprintProvesNothing) {
    begin_trial(ada, "sub_ada", "fp_1");
    begin_trial(grace, "sub_grace", "");
    run_jobs();
    EXPECT_EQ(status_of(grace), "trialing");
}

TEST_F(Trials, AnAnswerThatIsLostIsAskedForAgain) {
    begin_trial(ada, "sub_ada", "fp_1");
    begin_trial(grace, "sub_grace", "fp_1");
    provider_.failures.push_back({
        "cancel_subscription", {ErrorCode::provider_unavailable, "no answer"}
    });
    run_jobs();
    run_jobs();
    EXPECT_EQ(status_of(grace), "canceled");
    EXPECT_EQ(count("paydesk.notifications where type = 'trial_refused'"), "1");
}

TEST_F(Trials, ACheckoutOffersNoneToACardThatHadOne) {
    database_.run("update paydesk.plans set trial_days = 14 where plan_key = 'pro'");
    const auto buy = [&](const char* user) {
        const Answer bought = post("/api/create-checkout", user,
                                   {
                                       {"planId",       "pro"    },
                                       {"billingCycle", "monthly"}
        });
        EXPECT_EQ(bought.status, 200) << json::serialize(bought.body);
        return provider_.last_checkout->trial_days;
    };
    EXPECT_EQ(buy(grace), 14);
    begin_trial(ada, "sub_ada", "fp_1");
    run_jobs();
    const char* eve = "0190ada0-0000-7000-8000-000000000003";
    database_.run(
        "insert into paydesk.payment_methods (account_id, id, provider, "
        "provider_payment_method_id, type, fingerprint) values ($1, gen_random_uuid(), 'stripe', "
        "'pm_eve', 'card', 'fp_1')",
        {eve});
    EXPECT_EQ(buy(eve), std::nullopt);
}

TEST_F(Trials, TheEndIsToldOnceWhoeverIsFirst) {
    begin_trial(ada, "sub_ada", "fp_1");
    EXPECT_EQ(remind(), 1U);
    EXPECT_EQ(remind(), 0U);
    // Stripe's own event says the same.
    auto change = provider_.change_of(provider_.subscriptions.at("sub_ada"));
    change.event_id = "evt_1";
    change.event_type = "customer.subscription.trial_will_end";
    std::vector<billing::ToApply> told;
    told.push_back({.change = change});
    run(db_.transaction([&](db::Tx& tx) -> Task<std::size_t> {
        co_return (co_await billing::apply_changes(tx, told, clock_.now())).size();
    }));
    EXPECT_EQ(count("paydesk.notifications where type = 'trial_ending'"), "1");
    EXPECT_EQ(count("paydesk.emails where kind = 'trial_ending'"), "1");
}

TEST_F(Trials, OfWhatIsFarOffOrCancelledNobodyIsReminded) {
    begin_trial(ada, "sub_ada", "fp_1");
    database_.run("update paydesk.subscriptions set trial_end = now() + interval '4 days'");
    EXPECT_EQ(remind(), 0U);
    database_.run(
        "update paydesk.subscriptions set trial_end = now() + interval '2 days', "
        "cancel_at_period_end = true");
    EXPECT_EQ(remind(), 0U);
}

TEST_F(Trials, AYearlyRenewalIsToldOnceWithItsAmount) {
    add_subscription(ada, "sub_ada", "active");
    add_subscription(grace, "sub_grace", "active");
    database_.run(
        "update paydesk.subscriptions set billing_cycle = 'yearly', current_period_end = "
        "date_trunc('second', now() + interval '13 days') where provider_subscription_id = "
        "'sub_ada'");
    provider_.renewal_amount = Money(49'000, Currency::usd());
    EXPECT_EQ(remind({.renewal = std::chrono::days(0)}), 0U) << "switched off";
    EXPECT_EQ(remind({.renewal = std::chrono::days(12)}), 0U) << "too early";
    EXPECT_EQ(remind(), 1U) << "monthly plans are not told by us";
    EXPECT_EQ(remind(), 0U);
    const auto rows = database_.run(
        "select n.message, e.data ->> 'amount' as amount, e.data ->> 'plan' as plan from "
        "paydesk.notifications n join paydesk.emails e using (account_id, fact_key)");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_NE(rows.text(0, "message").find("$490.00"), std::string::npos);
    EXPECT_EQ(rows.text(0, "amount"), "49000");
    EXPECT_EQ(rows.text(0, "plan"), "Pro");
}

TEST_F(Trials, ARenewalThatWillNotComeIsNotTold) {
    add_subscription(ada, "sub_ada", "active");
    database_.run(
        "update paydesk.subscriptions set billing_cycle = 'yearly', current_period_end = now() + "
        "interval '3 days'");
    provider_.failures.push_back({
        "preview_renewal", {ErrorCode::not_found, "There will be no renewal."}
    });
    EXPECT_EQ(remind(), 0U);
    EXPECT_EQ(remind(), 1U);
}

}  // namespace
}  // namespace paydesk::api
