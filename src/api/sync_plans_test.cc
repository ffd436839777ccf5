// The catalogue brought to a provider and into the tables, on a real Postgres.
#include "api/test_api.h"

namespace paydesk::api {
namespace {

class SyncPlans : public TestApi {
protected:
    using Fixed = std::map<std::string, std::string>;
    using Report = Result<catalog::SyncReport>;

    Report sync(const std::string& text, Fixed fixed = {}) {
        const auto catalogue = catalog::parse_plans(text, "plans.toml");
        EXPECT_TRUE(catalogue) << catalogue.error().message;
        return run([](SyncPlans& self, catalog::Catalogue plans,
                      Fixed prices) -> Task<std::optional<Report>> {
                   co_return co_await catalog::sync_plans(self.db_, self.provider_,
                                                          std::move(plans), std::move(prices));
               }(*this, *catalogue, std::move(fixed)))
            .value();
    }
    // "change at the provider | another || change here | another |"
    std::string compare(const std::string& text, Fixed fixed = {}) {
        const auto catalogue = catalog::parse_plans(text, "plans.toml");
        EXPECT_TRUE(catalogue) << catalogue.error().message;
        const auto changes =
            run([](SyncPlans& self, catalog::Catalogue plans,
                   Fixed prices) -> Task<std::optional<Result<catalog::SyncPlan>>> {
                co_return co_await catalog::compare_plans(self.db_, self.provider_,
                                                          std::move(plans), std::move(prices));
            }(*this, *catalogue, std::move(fixed)));
        std::string lines;
        for (const auto& change : (*changes)->at_provider) lines += change + " | ";
        lines += "|";
        for (const auto& change : (*changes)->here) lines += " " + change + " |";
        return lines;
    }
    // "plan cycle price" of what is on offer.
    std::string on_offer() {
        return std::string(database_
                               .run("select coalesce(string_agg(plan_key || ' ' || billing_cycle "
                                    "|| ' ' || provider_price_id, ', ' "
                                    "order by plan_key, billing_cycle), '') as list from "
                                    "paydesk.plan_prices where is_active")
                               .text(0, "list"));
    }

    static constexpr const char* free_plan = "[[plan]]\nkey = 'free'\nname = 'Free'\n";
    static std::string pro(const std::string& amount) {
        return std::string(free_plan) +
               "[[plan]]\nkey = 'pro'\nname = 'Pro'\nprices = { monthly = '" + amount + "' }\n";
    }
};

TEST_F(SyncPlans, IsRepeatable) {
    ASSERT_TRUE(sync(pro("49.00")));
    EXPECT_EQ(on_offer(), "pro monthly price_pro_monthly_4900");
    ASSERT_TRUE(sync(pro("49.00")));
    EXPECT_EQ(on_offer(), "pro monthly price_pro_monthly_4900");
}

TEST_F(SyncPlans, ANewAmountIsANewPriceAndTheOldOneStaysKnown) {
    ASSERT_TRUE(sync(pro("49.00")));
    ASSERT_TRUE(sync(pro("59.00")));
    EXPECT_EQ(on_offer(), "pro monthly price_pro_monthly_5900");
    EXPECT_EQ(count("paydesk.plan_prices where provider_price_id = 'price_pro_monthly_4900' and "
                    "not is_active"),
              "1");
    ASSERT_TRUE(sync(pro("49.00"))) << "and back";
    EXPECT_EQ(on_offer(), "pro monthly price_pro_monthly_4900");
}

TEST_F(SyncPlans, TheDifferenceIsShownAndNothingIsDone) {
    ASSERT_TRUE(sync(pro("49.00")));
    provider_.calls.clear();
    const std::string before = on_offer();
    EXPECT_EQ(compare(pro("49.00")), "|");
    EXPECT_EQ(compare(pro("59.00")),
              "price pro_monthly | | sell pro_monthly for $59.00 instead of $49.00; who subscribes "
              "to price_pro_monthly_4900 keeps it |");
    EXPECT_EQ(compare(pro("49.00"),
                      {
                          {"pro_monthly", "price_of_mine"}
    }),
              "| sell pro_monthly by price_of_mine of the environment instead of "
              "price_pro_monthly_4900 |");
    EXPECT_EQ(
        compare(std::string(free_plan) + "[[product]]\nkey='setup'\nname='Setup'\nprice='99'\n"),
        "price setup | | offer product setup \"Setup\" | offer price setup $99.00 | no longer "
        "offer pro; who has it keeps it |");
    EXPECT_EQ(compare("[[plan]]\nkey='free'\nname='Gratis'\nlimits={calls=5}\n"
                      "[[plan]]\nkey='pro'\nname='Pro'\nprices={yearly='490'}\n"),
              "| change name, limits of free | offer price pro_yearly $490.00 | "
              "no longer sell pro monthly (price_pro_monthly_4900) |");
    EXPECT_EQ(on_offer(), before);
    EXPECT_EQ(provider_.count("sync_product"), 0);
}

// A new key, an empty provider: the same file makes the same catalogue there.
TEST_F(SyncPlans, FromTestToLive) {
    ASSERT_TRUE(sync(pro("49.00")));
    database_.run(
        "update paydesk.plan_prices set provider_price_id = 'price_of_the_test_mode' "
        "where is_active");
    ASSERT_TRUE(sync(pro("49.00")));
    EXPECT_EQ(on_offer(), "pro monthly price_pro_monthly_4900");
    EXPECT_EQ(
        count("paydesk.plan_prices where provider_price_id = 'price_of_the_test_mode' and not "
              "is_active"),
        "1");
}

TEST_F(SyncPlans, AProductIsSoldOnceAndGivesNoCredits) {
    ASSERT_TRUE(
        sync(std::string(free_plan) + "[[product]]\nkey='setup'\nname='Setup'\nprice='99'\n"));
    const Answer plans = get("/api/plans");
    ASSERT_EQ(plans.body.at("products").as_array().size(), 1u);
    EXPECT_EQ(plans.text({"products", "0", "kind"}), "product");
    EXPECT_EQ(plans.text({"products", "0", "prices", "0", "formatted"}), "$99.00");
    EXPECT_EQ(post("/api/create-checkout", ada,
                   {
                       {"planId", "setup"  },
                       {"mode",   "payment"}
    })
                  .status,
              200);
    EXPECT_EQ(provider_.last_checkout->mode, provider::CheckoutMode::payment);
    EXPECT_EQ(provider_.last_checkout->plan_key, "setup");
}

TEST_F(SyncPlans, WhatIsGoneFromTheFileIsNotOnOfferAnyMore) {
    ASSERT_TRUE(sync(free_plan));
    EXPECT_EQ(on_offer(), "");
    EXPECT_EQ(get("/api/plans").body.at("plans").as_array().size(), 1u);
    EXPECT_EQ(post("/api/create-checkout", ada,
                   {
                       {"planId",       "pro"    },
                       {"billingCycle", "monthly"}
    })
                  .code(),
              "plan_unknown");
    EXPECT_EQ(post("/api/create-checkout", ada,
                   {
                       {"priceId", "price_pro_monthly_4900"}
    })
                  .code(),
              "plan_unknown");
}

TEST_F(SyncPlans, PricesOfTheEnvironmentAreTakenAsTheyAre) {
    const auto report = sync(pro("49.00"), {
                                               {"pro_monthly", "price_of_mine"}
    });
    ASSERT_TRUE(report);
    EXPECT_EQ(report->fixed_prices, 1u);
    EXPECT_EQ(on_offer(), "pro monthly price_of_mine");
    EXPECT_EQ(provider_.count("sync_product"), 0) << "nothing is left to make";
    EXPECT_EQ(post("/api/create-checkout", ada,
                   {
                       {"priceId", "price_of_mine"}
    })
                  .status,
              200);
}

TEST_F(SyncPlans, WrongPricesOfTheEnvironmentAreRefusedAndChangeNothing) {
    const std::string before = on_offer();
    EXPECT_EQ(sync(pro("49.00"),
                   {
                       {"gold_monthly", "price_1"}
    })
                  .error()
                  .code,
              ErrorCode::invalid_input);
    const std::string two =
        pro("49.00") + "[[plan]]\nkey = 'max'\nname = 'Max'\nprices = { monthly = '99' }\n";
    EXPECT_EQ(sync(two,
                   {
                       {"pro_monthly", "price_1"},
                       {"max_monthly", "price_1"}
    })
                  .error()
                  .code,
              ErrorCode::invalid_input);
    EXPECT_EQ(on_offer(), before);
}

TEST_F(SyncPlans, ARefusalNamesThePlanAndChangesNothing) {
    const std::string before = on_offer();
    provider_.failures.push_back({
        "sync_product", {ErrorCode::provider_rejected, "No."}
    });
    const auto refused = sync(pro("59.00"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "plan pro: No.");
    EXPECT_EQ(on_offer(), before);
}

}  // namespace
}  // namespace paydesk::api
