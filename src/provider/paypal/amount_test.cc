#include "provider/paypal/amount.h"

#include <gtest/gtest.h>

namespace paydesk::provider::paypal {
namespace {

Currency currency(const char* code) { return *Currency::parse(code); }

struct Case {
    const char* value;
    const char* code;
    std::int64_t minor_units;
};

TEST(PayPalAmount, ThereAndBack) {
    for (const Case& c : {
             Case{"19.00",      "USD", 1'900      },
             Case{"0.01",       "EUR", 1          },
             Case{"0.00",       "GBP", 0          },
             Case{"756.00",     "INR", 75'600     },
             Case{"1000",       "JPY", 1'000      },
             Case{"1000",       "HUF", 100'000    }, // ISO 4217 has two digits, PayPal none
             Case{"30",         "TWD", 3'000      },
             Case{"9999999.99", "USD", 999'999'999},
    }) {
        const auto read = from_paypal(c.value, c.code);
        ASSERT_TRUE(read) << c.value << c.code;
        EXPECT_EQ(read->minor_units(), c.minor_units) << c.value << c.code;
        EXPECT_EQ(to_paypal(*read).value(), c.value);
    }
}

TEST(PayPalAmount, ZeroDecimalsAreNone) {
    EXPECT_EQ(from_paypal("1000.00", "JPY")->minor_units(), 1'000);
    EXPECT_EQ(from_paypal("5", "USD")->minor_units(), 500);
}

TEST(PayPalAmount, NothingIsRounded) {
    for (const Case& c : {
             Case{"19.001",               "USD", 0},
             Case{"10.5",                 "JPY", 0},
             Case{"",                     "USD", 0},
             Case{".",                    "USD", 0},
             Case{"1e3",                  "USD", 0},
             Case{"12,00",                "USD", 0},
             Case{" 1",                   "USD", 0},
             Case{"99999999999999999999", "USD", 0},
             Case{"1.00",                 "XXX", 0},
             Case{"1.00",                 "",    0},
    }) {
        EXPECT_FALSE(from_paypal(c.value, c.code)) << c.value << c.code;
    }
}

TEST(PayPalAmount, RefusesWhatPayPalCannotCarry) {
    EXPECT_EQ(to_paypal(Money(1'234, Currency::kwd())).error().message,
              "PayPal takes no payments in KWD: price it in another currency.");
    EXPECT_EQ(to_paypal(Money(150, currency("HUF"))).error().message,
              "PayPal takes HUF in whole numbers only, not 1.50.");
    EXPECT_EQ(to_paypal(Money(-1, Currency::usd())).error().code, ErrorCode::invalid_input);
}

}  // namespace
}  // namespace paydesk::provider::paypal
