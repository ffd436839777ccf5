#include "sandbox/paypal/money.h"

#include <gtest/gtest.h>

#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

// The amount in the smallest unit, or the issue.
std::string read(const char* currency, const char* value, Sign sign = Sign::positive) {
    const Object parent{
        {"amount", Object{{"currency_code", currency}, {"value", value}}}
    };
    try {
        return std::to_string(amount_at(parent, "amount", "/amount", sign).minor);
    } catch (const Refusal& refusal) {
        return refusal.details.front().issue;
    }
}

TEST(PayPalMoney, IsHeldToItsCurrency) {
    struct Case {
        const char *currency, *value, *expected;
    };
    for (const auto& [currency, value, expected] : {
             Case{"USD",  "19.00",                "1900"                      },
             Case{"USD",  "19",                   "1900"                      },
             Case{"USD",  "19.5",                 "1950"                      },
             Case{"USD",  ".05",                  "5"                         },
             Case{"USD",  "007.00",               "700"                       },
             Case{"INR",  "756.00",               "75600"                     },
             Case{"JPY",  "1234",                 "1234"                      },
             Case{"USD",  "999999999999999.99",   "99999999999999999"         },
             Case{"USD",  "1000000000000000.00",  "MAX_VALUE_EXCEEDED"        },
             Case{"USD",  "99999999999999999999", "MAX_VALUE_EXCEEDED"        },
             Case{"USD",  "1.001",                "DECIMAL_PRECISION"         },
             Case{"JPY",  "1.0",                  "DECIMALS_NOT_SUPPORTED"    },
             Case{"HUF",  "1.00",                 "DECIMALS_NOT_SUPPORTED"    },
             Case{"TWD",  "1.00",                 "DECIMALS_NOT_SUPPORTED"    },
             Case{"USD",  "0",                    "CANNOT_BE_ZERO_OR_NEGATIVE"},
             Case{"USD",  "-1.00",                "CANNOT_BE_ZERO_OR_NEGATIVE"},
             Case{"USD",  "1.",                   "INVALID_PARAMETER_SYNTAX"  },
             Case{"USD",  ".",                    "INVALID_PARAMETER_SYNTAX"  },
             Case{"USD",  "",                     "INVALID_PARAMETER_SYNTAX"  },
             Case{"USD",  "1e3",                  "INVALID_PARAMETER_SYNTAX"  },
             Case{"USD",  "+1",                   "INVALID_PARAMETER_SYNTAX"  },
             Case{"USD",  "1,00",                 "INVALID_PARAMETER_SYNTAX"  },
             Case{"usd",  "1.00",                 "INVALID_CURRENCY_CODE"     },
             Case{"KWD",  "1.00",                 "INVALID_CURRENCY_CODE"     },
             Case{"USDX", "1.00",                 "INVALID_STRING_LENGTH"     }
    }) {
        EXPECT_EQ(read(currency, value), expected) << value << " " << currency;
    }
    EXPECT_EQ(read("USD", "0.00", Sign::not_negative), "0");
    EXPECT_EQ(read("USD", "-0.01", Sign::not_negative), "CANNOT_BE_NEGATIVE");
}

TEST(PayPalMoney, IsWrittenAsItIsRead) {
    EXPECT_EQ(value_text({5, "USD"}), "0.05");
    EXPECT_EQ(value_text({-150, "USD"}), "-1.50");
    EXPECT_EQ(value_text({1234, "JPY"}), "1234");
    EXPECT_EQ(stored_amount(
                  {
                      {"a", money({-150, "USD"})}
    },
                  "a")
                  .minor,
              -150);
    EXPECT_EQ(stored_amount({}, "a").minor, 0);
}

TEST(PayPalMoney, SharesAreRoundedHalfUp) {
    EXPECT_EQ(share_of({900, "USD"}, "10").minor, 90);
    EXPECT_EQ(share_of({50, "USD"}, "1").minor, 1);
    EXPECT_EQ(share_of({49, "USD"}, "1").minor, 0);
    EXPECT_EQ(share_of({10000, "USD"}, "8.875").minor, 888);
    EXPECT_FALSE(is_percentage("1.1234567"));
    EXPECT_FALSE(is_percentage("-1"));
    EXPECT_FALSE(is_percentage("x"));
    EXPECT_EQ(fee_of({1900, "USD"}).minor, 115);
    EXPECT_EQ(fee_of({10, "USD"}).minor, 10);
}

}  // namespace
}  // namespace paydesk::sandbox::paypal
