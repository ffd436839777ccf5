#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/plans_file.h"
#include "catalog/sync_plans_flow.h"

namespace paydesk::catalog {
namespace {

constexpr const char* good = R"(
currency = "usd"
[[plan]]
key = "free"
name = "Free"
[[plan]]
key = "pro"
rank = 1
name = "Pro"
trial_days = 14
features = ["One", "Two"]
limits = { api_calls = -1 }
prices = { monthly = "49.00", yearly = "490" }
[[top_up]]
key = "more"
name = "More"
credits = 10
price = "0.50"
)";

TEST(PlansFile, IsRead) {
    const auto catalogue = parse_plans(good, "plans.toml");
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    ASSERT_EQ(catalogue->plans.size(), 3u);
    const Plan& pro = catalogue->plans[1];
    EXPECT_EQ(pro.key, "pro");
    EXPECT_EQ(pro.family, "main");
    EXPECT_EQ(pro.tier, "pro");
    EXPECT_EQ(pro.trial_days, 14);
    EXPECT_EQ(pro.limits.at("api_calls"), -1);
    ASSERT_EQ(pro.prices.size(), 2u);
    EXPECT_EQ(pro.prices[0].lookup_key, "pro_monthly");
    EXPECT_EQ(pro.prices[0].amount, Money(4900, Currency::usd()));
    EXPECT_EQ(pro.prices[1].amount, Money(49000, Currency::usd()));
    EXPECT_EQ(catalogue->plans[2].kind, PlanKind::top_up);
    EXPECT_EQ(catalogue->plans[2].prices[0].amount, Money(50, Currency::usd()));
}

TEST(PlansFile, WhatIsBoughtOnceAndWhatIsCounted) {
    const auto catalogue = parse_plans(
        "[[meter]]\nkey='api_calls'\nname='API calls'\naggregation='count'\n"
        "[[plan]]\nkey='a'\nname='A'\nlimits={api_calls=-1}\n"
        "[[product]]\nkey='setup'\nname='Setup'\nprice='99'\n",
        "plans.toml");
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    ASSERT_EQ(catalogue->meters.size(), 1u);
    EXPECT_EQ(catalogue->meters[0].aggregation, Aggregation::count);
    const Plan& product = catalogue->plans.at(1);
    EXPECT_EQ(product.kind, PlanKind::product);
    EXPECT_EQ(product.family, "product");
    ASSERT_EQ(product.prices.size(), 1u);
    EXPECT_EQ(product.prices[0].lookup_key, "setup");
    EXPECT_EQ(product.prices[0].cycle, BillingCycle::one_time);
}

TEST(PlansFile, PriceIdsOfTheEnvironmentAreCheckedAllAtOnce) {
    const auto catalogue = parse_plans(good, "plans.toml");
    EXPECT_TRUE(check_price_ids(*catalogue, {}));
    EXPECT_TRUE(check_price_ids(*catalogue, {
                                                {"pro_monthly", "price_1"},
                                                {"more",        "price_2"}
    }));
    const auto wrong = check_price_ids(
        *catalogue,
        {
            {"gold_monthly", "price_1"},
            {"pro_monthly",  "price_2"},
            {"pro_yearly",   "price_2"}
    });
    ASSERT_FALSE(wrong);
    const std::string& message = wrong.error().message;
    EXPECT_NE(message.find("gold_monthly"), std::string::npos) << message;
    EXPECT_NE(message.find("pro_monthly and pro_yearly"), std::string::npos) << message;
    EXPECT_EQ(std::ranges::count(message, '\n'), 1) << message;
}

TEST(PlansFile, OursIsGood) {
    const auto catalogue = read_plans(PAYDESK_SOURCE_DIR "/plans.toml");
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    EXPECT_EQ(catalogue->plans.size(), 5u);
}

struct Bad {
    const char* name;
    const char* text;
    const char* message;  // part of it
};
const Bad bad_files[] = {
    {"not_toml",             "[[plan",                                                                "plans.toml:1: not TOML"                                },
    {"empty",                "",                                                                      "there is no [[plan]]"                                  },
    {"unknown_key",          "[[plan]]\nkey='free'\nname='F'\nprise='1'",
     "plans.toml:4: free: \"prise\" is not known here"                                                                                                        },
    {"no_key",               "[[plan]]\nname='F'",                                                    "key is missing"                                        },
    {"bad_key",              "[[plan]]\nkey='Free Plan'\nname='F'",                                   "key \"Free Plan\": use a-z"                            },
    {"key_twice",            "[[plan]]\nkey='a'\nname='F'\n[[plan]]\nkey='a'\nname='F'",
     "\"a\" is there twice"                                                                                                                                   },
    {"no_name",              "[[plan]]\nkey='free'",                                                  "free: name is missing"                                 },
    {"single_brackets",      "[plan]\nkey='free'",                                                    "two brackets on each side"                             },
    {"amount_as_number",     "[[plan]]\nkey='p'\nname='P'\nprices={monthly=49.00}",
     "write the amount as text"                                                                                                                               },
    {"amount_not_exact",     "[[plan]]\nkey='p'\nname='P'\nprices={monthly='49.001'}",
     "not an exact amount in USD"                                                                                                                             },
    {"amount_of_yen",        "currency='jpy'\n[[plan]]\nkey='p'\nname='P'\nprices={monthly='49.5'}",
     "not an exact amount in JPY"                                                                                                                             },
    {"amount_negative",      "[[plan]]\nkey='p'\nname='P'\nprices={monthly='-1'}",                    "more than zero"                                        },
    {"amount_zero",          "[[plan]]\nkey='p'\nname='P'\nprices={monthly='0'}",
     "a plan without prices is free"                                                                                                                          },
    {"weekly",               "[[plan]]\nkey='p'\nname='P'\nprices={weekly='1'}",                      "\"weekly\" is not known here"                          },
    {"no_free_plan",         "[[plan]]\nkey='p'\nname='P'\nprices={monthly='1'}",                     "there is no free plan"                                 },
    {"two_free_plans",       "[[plan]]\nkey='a'\nname='A'\n[[plan]]\nkey='b'\nname='B'",
     "has 2 free plans"                                                                                                                                       },
    {"unknown_currency",     "currency='bitcoin'\n[[plan]]\nkey='a'\nname='A'",
     "\"bitcoin\" is not a currency"                                                                                                                          },
    {"limit_is_text",        "[[plan]]\nkey='a'\nname='A'\nlimits={api_calls='many'}",
     "limit api_calls must be a whole number"                                                                                                                 },
    {"free_trial",           "[[plan]]\nkey='a'\nname='A'\ntrial_days=3",                             "a free plan has no trial"                              },
    {"trial_too_long",       "[[plan]]\nkey='a'\nname='A'\ntrial_days=1000\nprices={monthly='1'}",
     "from 1 to 730"                                                                                                                                          },
    {"top_up_no_credits",    "[[plan]]\nkey='a'\nname='A'\n[[top_up]]\nkey='t'\nname='T'\nprice='1'",
     "what does the top-up give?"                                                                                                                             },
    {"top_up_no_price",      "[[plan]]\nkey='a'\nname='A'\n[[top_up]]\nkey='t'\nname='T'\ncredits=1",
     "t: price is missing"                                                                                                                                    },
    {"credits_negative",     "[[plan]]\nkey='a'\nname='A'\ncredits=-1",
     "credits must be a whole number"                                                                                                                         },
    {"limit_not_metered",
     "[[meter]]\nkey='calls'\nname='C'\n[[plan]]\nkey='a'\nname='A'\nlimits={cals=1}",                "plans.toml:7: a: limit cals: no [[meter]] has this key"},
    {"meter_aggregation",    "[[meter]]\nkey='calls'\nname='C'\naggregation='mean'",
     "plans.toml:4: calls: aggregation \"mean\" is not one of sum, count, max, last, unique"                                                                  },
    {"meter_twice",          "[[meter]]\nkey='c'\nname='C'\n[[meter]]\nkey='c'\nname='C'",
     "meter \"c\" is there twice"                                                                                                                             },
    {"product_with_credits",
     "[[plan]]\nkey='a'\nname='A'\n[[product]]\nkey='p'\nname='P'\nprice='1'\ncredits=5",             "\"credits\" is not known here"                         },
    {"features_no_list",     "[[plan]]\nkey='a'\nname='A'\nfeatures='x'",                             "features must be a list"                               },
};

TEST(PlansFile, WhatIsWrongIsNamedWithItsPlace) {
    for (const Bad& bad : bad_files) {
        SCOPED_TRACE(bad.name);
        const auto catalogue = parse_plans(bad.text, "plans.toml");
        ASSERT_FALSE(catalogue);
        EXPECT_EQ(catalogue.error().code, ErrorCode::invalid_input);
        EXPECT_NE(catalogue.error().message.find(bad.message), std::string::npos)
            << catalogue.error().message;
    }
}

TEST(PlansFile, AllThatIsWrongIsNamedAtOnce) {
    const auto catalogue = parse_plans(
        "x = 1\n[[plan]]\nkey='a'\ncredits='many'\n[[plan]]\nkey='B'\nname='B'\n", "plans.toml");
    ASSERT_FALSE(catalogue);
    const std::string& message = catalogue.error().message;
    EXPECT_EQ(std::ranges::count(message, '\n'), 3) << message;
}

TEST(PlansFile, AMissingFileSaysHowToMendIt) {
    EXPECT_NE(read_plans("/nowhere/plans.toml").error().message.find("PAYDESK_PLANS"),
              std::string::npos);
}

}  // namespace
}  // namespace paydesk::catalog
