// Subscriptions in time.

#include <gmock/gmock.h>

#include "sandbox/paypal/test_paypal.h"

namespace paydesk::sandbox {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr std::int64_t first_of_2027 = 1'798'761'600;  // 2027-01-01T00:00:00Z

class PayPalBilling : public PayPalTest {
protected:
    std::string next(const std::string& subscription_id) {
        return text(child(subscription(subscription_id), "billing_info"), "next_billing_time");
    }
    std::string balance(const std::string& subscription_id) {
        const auto shown = subscription(subscription_id);
        return text(child(child(shown, "billing_info"), "outstanding_balance"), "value");
    }
    std::int64_t failures(const std::string& subscription_id) {
        return number(child(subscription(subscription_id), "billing_info"),
                      "failed_payments_count");
    }
    std::string status(const std::string& subscription_id) {
        return text(subscription(subscription_id), "status");
    }
    std::string act(const std::string& subscription_id, const std::string& action,
                    std::string body = R"({"reason":"x"})") {
        return issue(paypal("POST", "/v1/billing/subscriptions/" + subscription_id + "/" + action,
                            std::move(body)));
    }
};

TEST_F(PayPalBilling, EveryStateAllowsWhatItAllows) {
    const auto monthly = plan(cycle());
    struct State {
        const char* name;
        std::function<std::string()> make;
        const char *status, *suspends, *activates, *cancels, *revises;
    };
    const auto in = [&](const char* action) {
        return [&, action] {
            auto made = active(monthly);
            EXPECT_EQ(act(made, action), "");
            return made;
        };
    };
    const char* no = "SUBSCRIPTION_STATUS_INVALID";
    const State states[] = {
        {"asked for", [&] { return subscription_to(monthly); }, "APPROVAL_PENDING", no, no, no, no},
        {"approved",
         [&] {
             return active(monthly, "balance",
                           R"(,"application_context":{"user_action":"CONTINUE"})");
         },                                                     "APPROVED",         no, "", no, no},
        {"active",    [&] { return active(monthly); },          "ACTIVE",           "", no, "", ""},
        {"suspended", in("suspend"),                            "SUSPENDED",        no, "", "", ""},
        {"cancelled", in("cancel"),                             "CANCELLED",        no, no, no, no},
        {"expired",
         [&] {
             auto made = active(plan(cycle("9.00", "DAY", 1, 1)));
             pass(1);
             return made;
         },                                                     "EXPIRED",          no, no, no, no},
    };
    for (const State& state : states) {
        SCOPED_TRACE(state.name);
        EXPECT_EQ(status(state.make()), state.status);
        EXPECT_EQ(act(state.make(), "suspend"), state.suspends);
        EXPECT_EQ(act(state.make(), "activate"), state.activates);
        EXPECT_EQ(act(state.make(), "cancel"), state.cancels);
        EXPECT_EQ(act(state.make(), "revise", "{}"), state.revises);
    }
}

TEST_F(PayPalBilling, MonthsEndWhereTheyEnd) {
    clock_.set(from_unix(first_of_2027 + 30 * 86400 + 3600));  // 31 January, 01:00
    log_in();
    const auto made = active(plan(cycle()));
    std::vector<std::string> times;
    for (int i = 0; i < 3; ++i) {
        times.push_back(next(made));
        pass_to(to_unix(*parse_iso8601(times.back())));
    }
    EXPECT_THAT(
        times, ElementsAre("2027-02-28T01:00:00Z", "2027-03-31T01:00:00Z", "2027-04-30T01:00:00Z"));
    EXPECT_THAT(paid(), SizeIs(4));
}

TEST_F(PayPalBilling, EveryUnitOfTime) {
    struct Unit {
        const char *unit, *next;
    };
    clock_.set(from_unix(first_of_2027));
    log_in();
    for (const auto& [unit, at] : {
             Unit{"DAY",   "2027-01-02T00:00:00Z"},
             Unit{"WEEK",  "2027-01-08T00:00:00Z"},
             Unit{"MONTH", "2027-02-01T00:00:00Z"},
             Unit{"YEAR",  "2028-01-01T00:00:00Z"}
    }) {
        EXPECT_EQ(next(active(plan(cycle("9.00", unit)))), at) << unit;
    }
}

TEST_F(PayPalBilling, TrialsComeFirstAndOneOfThemMayCost) {
    const auto made =
        active(plan(cycle("0.00", "WEEK", 1, 1, "TRIAL") + "," +
                    cycle("2.00", "WEEK", 2, 2, "TRIAL") + "," + cycle("9.00", "MONTH", 3, 1)));
    EXPECT_THAT(paid(), SizeIs(0));
    pass(7);
    pass(7);
    pass(7);
    EXPECT_THAT(paid(), ElementsAre("2.00", "2.00", "9.00"));
    EXPECT_EQ(status(made), "ACTIVE");
    EXPECT_EQ(next(made), "");
    pass(31);
    EXPECT_EQ(status(made), "EXPIRED");
    EXPECT_EQ(told().back(), "BILLING.SUBSCRIPTION.EXPIRED");
    pass(400);
    EXPECT_THAT(paid(), SizeIs(3));
}

TEST_F(PayPalBilling, AFailedPaymentIsTriedTwiceMoreAndThenOwed) {
    const auto made = active(plan(cycle()), "renewals_fail");
    const auto due = to_unix(*parse_iso8601(next(made)));
    pass_to(due);
    EXPECT_EQ(failures(made), 0);
    EXPECT_EQ(balance(made), "0.00");
    pass(5);
    EXPECT_EQ(failures(made), 0);
    pass(5);
    EXPECT_EQ(failures(made), 1);
    EXPECT_EQ(balance(made), "9.00");
    EXPECT_FALSE(child(child(subscription(made), "billing_info"), "last_failed_payment")
                     .contains("next_payment_retry_time"));
    pass(5);
    EXPECT_THAT(told("BILLING.SUBSCRIPTION.PAYMENT.FAILED"), SizeIs(3));
    // A threshold of 0 never suspends, and what is owed is paid with the next cycle.
    EXPECT_EQ(status(made), "ACTIVE");
    controlled("subscriptions/" + made + "/funding", R"({"funding":"balance"})");
    pass(30);
    EXPECT_THAT(paid(), ElementsAre("9.00", "18.00"));
    EXPECT_EQ(failures(made), 0);
    EXPECT_EQ(balance(made), "0.00");
}

TEST_F(PayPalBilling, ARetryThatWorksIsNoFailure) {
    const auto made = active(plan(cycle()), "renewals_fail");
    pass_to(to_unix(*parse_iso8601(next(made))));
    controlled("subscriptions/" + made + "/funding", R"({"funding":"balance"})");
    pass(5);
    EXPECT_THAT(paid(), ElementsAre("9.00", "9.00"));
    EXPECT_EQ(failures(made), 0);
    EXPECT_EQ(balance(made), "0.00");
}

TEST_F(PayPalBilling, AShortCycleHasNoTimeForRetries) {
    const auto made = active(plan(cycle("1.00", "DAY"), R"({"payment_failure_threshold":3,)"
                                                        R"("auto_bill_outstanding":false})"),
                             "renewals_fail");
    pass(1);
    EXPECT_EQ(failures(made), 1);
    pass(1);
    EXPECT_EQ(status(made), "ACTIVE");
    pass(1);
    EXPECT_EQ(status(made), "SUSPENDED");
    EXPECT_EQ(balance(made), "3.00");
    EXPECT_EQ(told().back(), "BILLING.SUBSCRIPTION.SUSPENDED");
    pass(10);
    EXPECT_EQ(balance(made), "3.00");
    EXPECT_EQ(act(made, "activate"), "SUBSCRIPTION_CANNOT_BE_ACTIVATED");
    EXPECT_EQ(issue(paypal("PATCH", "/v1/billing/subscriptions/" + made,
                           R"([{"op":"replace","path":"/billing_info/outstanding_balance",)"
                           R"("value":{"currency_code":"USD","value":"0.00"}}])")),
              "");
    EXPECT_EQ(act(made, "activate"), "");
    EXPECT_EQ(told().back(), "BILLING.SUBSCRIPTION.RE-ACTIVATED");
}

TEST_F(PayPalBilling, ASetupFeeThatFailsEndsItOrIsOwed) {
    const std::string fee = R"("setup_fee":{"currency_code":"USD","value":"5.00"})";
    const auto ended = active(plan(cycle(), "{" + fee + "}"), "declined");
    EXPECT_EQ(status(ended), "CANCELLED");
    EXPECT_EQ(balance(ended), "0.00");
    const auto owed =
        active(plan(cycle(), "{" + fee + R"(,"setup_fee_failure_action":"CONTINUE"})"), "declined");
    EXPECT_EQ(status(owed), "ACTIVE");
    EXPECT_EQ(balance(owed), "5.00");
    active(plan(cycle(), "{" + fee + "}"));
    EXPECT_THAT(paid(), ElementsAre("5.00", "9.00"));
}

TEST_F(PayPalBilling, APriceThatChangesReachesOldSubscribersTenDaysLater) {
    const auto monthly = plan(cycle());
    const auto near = active(monthly);
    pass(10);
    const auto far = active(monthly);
    pass(14);
    EXPECT_EQ(issue(paypal("POST", "/v1/billing/plans/" + monthly + "/update-pricing-schemes",
                           R"({"pricing_schemes":[{"billing_cycle_sequence":1,"pricing_scheme":)"
                           R"({"fixed_price":{"currency_code":"USD","value":"12.00"}}}]})")),
              "");
    active(monthly);
    EXPECT_THAT(paid(), ElementsAre("9.00", "9.00", "12.00"));
    pass_to(to_unix(*parse_iso8601(next(near))));
    pass_to(to_unix(*parse_iso8601(next(far))));
    EXPECT_THAT(paid(), ElementsAre("9.00", "9.00", "12.00", "9.00", "12.00"));
}

TEST_F(PayPalBilling, TiersAndVolumes) {
    const auto priced = [&](const std::string& model, int quantity) {
        const auto tiered =
            plan(R"({"tenure_type":"REGULAR","sequence":1,"total_cycles":0,"frequency":)"
                 R"({"interval_unit":"MONTH"},"pricing_scheme":{"pricing_model":")" +
                     model +
                     R"(","tiers":[{"starting_quantity":"1","ending_quantity":"10","amount":)"
                     R"({"currency_code":"USD","value":"2.00"}},{"starting_quantity":"11",)"
                     R"("amount":{"currency_code":"USD","value":"1.00"}}]}})",
                 "{}", R"(,"quantity_supported":true)");
        active(tiered, "balance", R"(,"quantity":")" + std::to_string(quantity) + "\"");
        return paid().back();
    };
    EXPECT_EQ(priced("VOLUME", 10), "20.00");
    EXPECT_EQ(priced("VOLUME", 12), "12.00");
    EXPECT_EQ(priced("TIERED", 10), "20.00");
    EXPECT_EQ(priced("TIERED", 12), "22.00");
}

TEST_F(PayPalBilling, AnECheckIsPendingAndMayBounce) {
    const auto made = active(plan(cycle(), R"({"payment_failure_threshold":1})"), "bounced_echeck");
    EXPECT_EQ(told().back(), "PAYMENT.SALE.PENDING");
    pass(5);
    EXPECT_THAT(told("PAYMENT.SALE"), ElementsAre("PAYMENT.SALE.PENDING", "PAYMENT.SALE.DENIED"));
    EXPECT_EQ(status(made), "SUSPENDED");
    EXPECT_EQ(balance(made), "9.00");
}

TEST_F(PayPalBilling, ARevisionKeepsTheDateAndCountsAnew) {
    const auto made = active(plan(cycle("9.00", "MONTH", 1, 12)));
    const auto before = next(made);
    const auto yearly =
        plan(cycle("0.00", "WEEK", 1, 1, "TRIAL") + "," + cycle("90.00", "YEAR", 2));
    EXPECT_EQ(act(made, "revise", R"({"plan_id":")" + yearly + R"("})"), "");
    EXPECT_NE(text(subscription(made), "plan_id"), yearly);
    approve("subscriptions/" + made);
    EXPECT_EQ(text(subscription(made), "plan_id"), yearly);
    EXPECT_EQ(next(made), before);
    EXPECT_EQ(told().back(), "BILLING.SUBSCRIPTION.UPDATED");
    pass_to(to_unix(*parse_iso8601(before)));
    EXPECT_THAT(paid(), ElementsAre("9.00", "90.00"));
}

TEST_F(PayPalBilling, ARestartForgetsNothing) {
    const auto made = active(plan(cycle()), "renewals_fail");
    const auto before = subscription(made);
    restart();
    EXPECT_EQ(subscription(made), before);
    pass(60);
    EXPECT_EQ(failures(made), 1);
}

}  // namespace
}  // namespace paydesk::sandbox
