#include "provider/stripe/amount.h"

#include <gtest/gtest.h>

#include <limits>

namespace paydesk::provider::stripe {
namespace {

constexpr std::int64_t refused = std::numeric_limits<std::int64_t>::min();

struct AmountCase {
    const char* currency;
    std::int64_t stripe;
    std::int64_t minor_units;
};

const AmountCase both_ways[] = {
    {"usd", 1000,  1000 },
    {"usd", -2416, -2416},
    {"eur", 0,     0    },
    {"huf", 10000, 10000},
    {"twd", 10000, 10000},
    {"jpy", 500,   500  },
    {"krw", 500,   500  },
    {"xof", 500,   500  },
    {"isk", 50000, 500  },
    {"ugx", -1500, -15  },
    {"mga", 500,   50000},
    {"kwd", 1230,  1230 },
    {"bhd", 10,    10   },
};

TEST(StripeAmount, BothWays) {
    for (const auto& c : both_ways) {
        SCOPED_TRACE(c.currency);
        const Currency currency = *Currency::parse(c.currency);
        const auto money = from_stripe(c.stripe, currency);
        ASSERT_TRUE(money);
        EXPECT_EQ(money->minor_units(), c.minor_units);
        EXPECT_EQ(money->currency(), currency);
        const auto back = to_stripe(*money);
        ASSERT_TRUE(back);
        EXPECT_EQ(*back, c.stripe);
    }
}

TEST(StripeAmount, WhatDoesNotComeOutWholeIsRefusedNotRounded) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const AmountCase cases[] = {
        {"isk", 50050, refused},
        {"isk", 50001, refused},
        {"ugx", 1,     refused},
        {"mga", most,  refused},
    };
    for (const auto& c : cases) {
        SCOPED_TRACE(c.currency);
        const auto money = from_stripe(c.stripe, *Currency::parse(c.currency));
        ASSERT_FALSE(money);
        EXPECT_EQ(money.error().code, ErrorCode::invalid_input);
    }
    const AmountCase outward[] = {
        {"kwd", refused, 1234}, // Stripe takes no last digit in a three-decimal currency
        {"mga", refused, 150 },
        {"isk", refused, most},
    };
    for (const auto& c : outward) {
        SCOPED_TRACE(c.currency);
        EXPECT_FALSE(to_stripe(Money(c.minor_units, *Currency::parse(c.currency))));
    }
}

}  // namespace
}  // namespace paydesk::provider::stripe
