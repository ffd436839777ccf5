#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/plans_file.h"

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
    {"not_toml",          "[[plan",                                                                "plans.toml:1: not TOML"      },
    {"empty",             "",                                                                      "there is no [[plan]]"        },
    {"unknown_key",       "[[plan]]\nkey='free'\nname='F'\nprise='1'",
     "plans.toml:4: free: \"prise\" is not known here"                                                                           },
    {"no_key",            "[[plan]]\nname='F'",                                                    "key is missing"              },
    {"bad_key",           "[[plan]]\nkey='Free Plan'\nname='F'",                                   "key \"Free Plan\": use a-z"  },
    {"key_twice",         "[[plan]]\nkey='a'\nname='F'\n[[plan]]\nkey='a'\nname='F'",
     "\"a\" is there twice"                                                                                                      },
    {"no_name",           "[[plan]]\nkey='free'",                                                  "free: name is missing"       },
    {"single_brackets",   "[plan]\nkey='free'",                                                    "two brackets on each side"   },
    {"amount_as_number",  "[[plan]]\nkey='p'\nname='P'\nprices={monthly=49.00}",
     "write the amount as text"                                                                                                  },
    {"amount_not_exact",  "[[plan]]\nkey='p'\nname='P'\nprices={monthly='49.001'}",
     "not an exact amount in USD"                                                                                                },
    {"amount_of_yen",     "currency='jpy'\n[[plan]]\nkey='p'\nname='P'\nprices={monthly='49.5'}",
     "not an exact amount in JPY"                                                                                                },
    {"amount_negative",   "[[plan]]\nkey='p'\nname='P'\nprices={monthly='-1'}",                    "more than zero"              },
    {"amount_zero",       "[[plan]]\nkey='p'\nname='P'\nprices={monthly='0'}",
     "a plan without prices is free"                                                                                             },
    {"weekly",            "[[plan]]\nkey='p'\nname='P'\nprices={weekly='1'}",                      "\"weekly\" is not known here"},
    {"no_free_plan",      "[[plan]]\nkey='p'\nname='P'\nprices={monthly='1'}",                     "there is no free plan"       },
    {"two_free_plans",    "[[plan]]\nkey='a'\nname='A'\n[[plan]]\nkey='b'\nname='B'",
     "has 2 free plans"                                                                                                          },
    {"unknown_currency",  "currency='bitcoin'\n[[plan]]\nkey='a'\nname='A'",
     "\"bitcoin\" is not a currency"                                                                                             },
    {"limit_is_text",     "[[plan]]\nkey='a'\nname='A'\nlimits={api_calls='many'}",
     "limit api_calls must be a whole number"                                                                                    },
    {"free_trial",        "[[plan]]\nkey='a'\nname='A'\ntrial_days=3",                             "a free plan has no trial"    },
    {"trial_too_long",    "[[plan]]\nkey='a'\nname='A'\ntrial_days=1000\nprices={monthly='1'}",
     "from 1 to 730"                                                                                                             },
    {"top_up_no_credits", "[[plan]]\nkey='a'\nname='A'\n[[top_up]]\nkey='t'\nname='T'\nprice='1'",
     "what does the top-up give?"                                                                                                },
    {"top_up_no_price",   "[[plan]]\nkey='a'\nname='A'\n[[top_up]]\nkey='t'\nname='T'\ncredits=1",
     "t: price is missing"                                                                                                       },
    {"credits_negative",  "[[plan]]\nkey='a'\nname='A'\ncredits=-1",
     "credits must be a whole number"                                                                                            },
    {"features_no_list",  "[[plan]]\nkey='a'\nname='A'\nfeatures='x'",                             "features must be a list"     },
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
