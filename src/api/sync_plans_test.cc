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
