#include "catalog/usage_price.h"

#include <gtest/gtest.h>

#include <string>

#include "catalog/plans_file.h"

namespace paydesk::catalog {
namespace {

const std::string meters = R"(
[[meter]]
key = "calls"
name = "Calls"
charge = "meter"
[[meter]]
key = "seats"
name = "Seats"
aggregation = "max"
charge = "invoice_item"
[[meter]]
key = "images"
name = "Images"
[[plan]]
key = "free"
name = "Free"
[[plan]]
key = "pro"
name = "Pro"
prices = { monthly = "49.00" }
)";

Decimal decimal(std::string_view text) { return Decimal::parse(text).value(); }

TEST(UsagePrice, IsReadExactlyAndStored) {
    const auto catalogue = parse_plans(meters + R"(
[plan.usage.calls]
model = "graduated"
included = 1000
per = 1000
tiers = [{ up_to = "2500", price = "0.03", flat = "5.00" }, { price = "0.00001" }]
[plan.usage.seats]
price = "2.50"
limit = "soft"
flat = "1"
)",
                                       "plans.toml");
    ASSERT_TRUE(catalogue) << catalogue.error().message;
    const Plan& pro = catalogue->plans.at(1);
    const UsagePrice& calls = pro.usage.at("calls");
    EXPECT_EQ(calls.model, UsageModel::graduated);
    EXPECT_EQ(calls.included, decimal("1000"));
    EXPECT_EQ(calls.per, decimal("1000"));
    ASSERT_EQ(calls.tiers.size(), 2U);
    EXPECT_EQ(calls.tiers[0].up_to, decimal("2500"));
    EXPECT_EQ(calls.tiers[0].price, decimal("3"));
    EXPECT_EQ(calls.tiers[0].flat, decimal("500"));
    EXPECT_EQ(calls.tiers[1].price, decimal("0.001"));
    const UsagePrice& seats = pro.usage.at("seats");
    EXPECT_TRUE(seats.limit_is_soft);
    EXPECT_EQ(seats.flat, decimal("100"));
    EXPECT_EQ(catalogue->meters.at(0).charge, UsageCharge::meter);
    for (const auto& [metric, price] : pro.usage)
        EXPECT_EQ(usage_price_from_json(to_json(price)), price) << metric;
    EXPECT_FALSE(usage_price_from_json({}));
}

struct Bad {
    const char* usage;
    const char* message;
};
const Bad bad_prices[] = {
    {"[plan.usage.cals]\nprice='1'",                                       "no [[meter]] has this key"              },
    {"[plan.usage.calls]\nprice=1",                                        "write price as text"                    },
    {"[plan.usage.calls]\nprice='-1'",                                     "write price as text"                    },
    {"[plan.usage.calls]\nprice='0.0000000000001'",                        "write price as text"                    },
    {"[plan.usage.calls]\nprise='1'",                                      "\"prise\" is not known here"            },
    {"[plan.usage.calls]\nprice='1'\nper=0",                               "per must be more than zero"             },
    {"[plan.usage.calls]\nprice='1'\nincluded=-1",                         "included must be a number of units"     },
    {"[plan.usage.calls]\nmodel='stairs'\nprice='1'",                      "model \"stairs\" is not one of"         },
    {"[plan.usage.calls]\nmodel='volume'\nprice='1'",                      "graduated and volume have tiers"        },
    {"[plan.usage.calls]\ntiers=[{price='1'}]",                            "graduated and volume have tiers"        },
    {"[plan.usage.calls]\nmodel='volume'\ntiers=[{up_to=1,price='1'}]",    "the last has none"                      },
    {"[plan.usage.calls]\nmodel='volume'\ntiers=[{up_to=5,price='1'},{up_to=5,price='1'},{price='1'"
     "}]",                                                            "up_to must rise"                        },
    {"[plan.usage.calls]\nmodel='package'\nprice='1'",                     "do not sell packages"                   },
    {"[plan.usage.images]\nprice='1'",                                     "does not say how it is charged"         },
    {"[plan.usage.calls]\nlimit='none'",                                   "limit \"none\" is not one of hard, soft"},
    {"[[meter]]\nkey='m'\nname='M'\naggregation='unique'\ncharge='meter'",
     "know sum, count and last"                                                                                     },
};

TEST(UsagePrice, WhatIsWrongIsNamed) {
    for (const Bad& bad : bad_prices) {
        SCOPED_TRACE(bad.usage);
        const auto catalogue = parse_plans(meters + bad.usage, "plans.toml");
        ASSERT_FALSE(catalogue);
        EXPECT_NE(catalogue.error().message.find(bad.message), std::string::npos)
            << catalogue.error().message;
    }
}

TEST(UsagePrice, RecordPricesAreThoseOfMetersFromBeforeMeters) {
    const auto read = [](const std::string& fields) {
        return parse_plans(
            "[[plan]]\nkey = 'free'\nname = 'Free'\n[[meter]]\nkey = 'calls'\nname = "
            "'Calls'\n" +
                fields,
            "plans.toml");
    };
    const auto good = read("charge = 'meter'\nrecord_prices = ['price_1', 'price_2']");
    ASSERT_TRUE(good) << good.error().message;
    EXPECT_EQ(good->meters.at(0).record_prices, (std::vector<std::string>{"price_1", "price_2"}));
    for (const char* bad :
         {"charge = 'meter'\nrecord_prices = 'price_1'", "charge = 'meter'\nrecord_prices = [1]",
          "charge = 'meter'\nrecord_prices = ['']"}) {
        EXPECT_EQ(read(bad).error().message,
                  "plans.toml:8: calls: record_prices must be a list of Stripe's price ids");
    }
    EXPECT_EQ(read("record_prices = ['price_1']").error().message,
              "plans.toml:7: calls: record_prices are for charge = \"meter\"");
}

}  // namespace
}  // namespace paydesk::catalog
