#include "base/decimal.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace paydesk {
namespace {

Decimal decimal(const char* text) { return Decimal::parse(text).value(); }

TEST(Decimal, ParseAndPrint) {
    struct Case {
        const char *text, *printed;  // nullptr: refused
    };
    const Case cases[] = {
        {"0.1",                         "0.1"                       },
        {"5",                           "5"                         },
        {"5.000",                       "5"                         },
        {"007",                         "7"                         },
        {"-12.000000000001",            "-12.000000000001"          },
        {"-0",                          "0"                         },
        {"0.0000000000001",             nullptr                     },
        {"NaN",                         nullptr                     },
        {"Infinity",                    nullptr                     },
        {"1e5",                         nullptr                     },
        {"",                            nullptr                     },
        {"1 ",                          nullptr                     },
        {"99999999999999999999999999",  "99999999999999999999999999"},
        {"100000000000000000000000000", nullptr                     },
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.text);
        const auto parsed = Decimal::parse(c.text);
        ASSERT_EQ(parsed.has_value(), c.printed != nullptr);
        if (parsed) EXPECT_EQ(parsed->to_string(), c.printed);
    }
}

// S0's first example: 4,000 calls over at $0.01 are $40.00.
TEST(Decimal, RatesExactly) {
    EXPECT_EQ(
        decimal("4000").times(decimal("1")).value().to_money(Currency::usd()).value().minor_units(),
        4000);
    EXPECT_EQ(decimal("0.1").plus(decimal("0.2")).value(), decimal("0.3"));
    EXPECT_EQ(decimal("0.5").to_money(Currency::usd()).value().minor_units(), 1);
    EXPECT_EQ(decimal("-0.5").to_money(Currency::usd()).value().minor_units(), -1);
    EXPECT_EQ(decimal("0.499999999999").to_money(Currency::usd()).value().minor_units(), 0);
    EXPECT_FALSE(decimal("0.0000001").times(decimal("0.0000001")));
    EXPECT_FALSE(decimal("99999999999999999999999999").plus(decimal("1")));
    EXPECT_FALSE(decimal("99999999999999").times(decimal("99999999999999")));
    EXPECT_FALSE(decimal("99999999999999999999").to_money(Currency::usd()));
}

TEST(Decimal, ArithmeticIsExact) {
    EXPECT_TRUE(rc::check("(a + b) - b = a, and products distribute", [] {
        const auto a =
            Decimal::from_int(*rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000));
        const auto b = Decimal::parse(std::to_string(*rc::gen::inRange(0, 1'000'000)) + "." +
                                      std::to_string(*rc::gen::inRange(0, 999'999)))
                           .value();
        RC_ASSERT(a.plus(b).value().minus(b).value() == a);
        const auto left = a.times(b).value().plus(b).value();
        RC_ASSERT(left == a.plus(Decimal::from_int(1)).value().times(b).value());
    }));
}

}  // namespace
}  // namespace paydesk
