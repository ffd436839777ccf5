#include "base/money.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>
#include <numeric>

namespace paydesk {
namespace {

Money usd(std::int64_t cents) { return {cents, Currency::usd()}; }

std::vector<std::int64_t> minor_units(const std::vector<Money>& parts) {
    std::vector<std::int64_t> units;
    for (const Money part : parts) units.push_back(part.minor_units());
    return units;
}

struct AllocateCase {
    const char* name;
    std::int64_t amount;
    std::vector<std::int64_t> weights;
    std::vector<std::int64_t> parts;
};

const AllocateCase allocate_cases[] = {
    {"even",                     900,  {1, 1, 1}, {300, 300, 300}},
    {"one_cent_over_goes_first", 1000, {1, 1, 1}, {334, 333, 333}},
    {"largest_remainder_wins",   101,  {1, 2},    {34, 67}       },
    {"zero_weight_gets_nothing", 10,   {0, 1},    {0, 10}        },
    {"nothing_to_split",         0,    {3, 7},    {0, 0}         },
    {"fewer_cents_than_parts",   2,    {1, 1, 1}, {1, 1, 0}      },
    {"proration_14_of_31_days",  2900, {14, 17},  {1310, 1590}   },
};

TEST(Money, Allocate) {
    for (const auto& c : allocate_cases) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(minor_units(usd(c.amount).allocate(c.weights)), c.parts);
    }
}

TEST(Money, AllocateLosesNothing) {
    const bool held =
        rc::check("parts sum to the whole and stay within one unit of their share", [] {
            const auto amount =
                *rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max());
            auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
                rc::gen::inRange<std::int64_t>(0, 1'000'000)));
            weights.front() += 1;
            const auto parts = minor_units(Money(amount, Currency::jpy()).allocate(weights));
            const auto sum = std::accumulate(parts.begin(), parts.end(), __int128{0});
            const auto weight_sum = std::accumulate(weights.begin(), weights.end(), __int128{0});
            RC_ASSERT(sum == amount);
            for (std::size_t i = 0; i < parts.size(); ++i) {
                const __int128 distance = static_cast<__int128>(parts[i]) * weight_sum -
                                          static_cast<__int128>(amount) * weights[i];
                RC_ASSERT((distance < 0 ? -distance : distance) < weight_sum);
            }
        });
    EXPECT_TRUE(held);
}

struct ParseCase {
    const char* text;
    const char* currency;
    std::optional<std::int64_t> minor_units;
};

const ParseCase parse_cases[] = {
    {"12.34",                                     "USD", 1234                                    },
    {"12.3",                                      "usd", 1230                                    },
    {"12",                                        "USD", 1200                                    },
    {"-0.05",                                     "USD", -5                                      },
    {"12.345",                                    "USD", std::nullopt                            },
    {"1234",                                      "JPY", 1234                                    },
    {"12.5",                                      "JPY", std::nullopt                            },
    {"1.005",                                     "KWD", 1005                                    },
    {"92233720368547758.07",                      "USD", std::numeric_limits<std::int64_t>::max()},
    {"92233720368547758.08",                      "USD", std::nullopt                            },
    {"",                                          "USD", std::nullopt                            },
    {"-",                                         "USD", std::nullopt                            },
    {"1.",                                        "USD", std::nullopt                            },
    {".5",                                        "USD", std::nullopt                            },
    {"1e3",                                       "USD", std::nullopt                            },
    {" 1",                                        "USD", std::nullopt                            },
    {"1,000",                                     "USD", std::nullopt                            },
    {"NaN",                                       "USD", std::nullopt                            },
    {"+1",                                        "USD", std::nullopt                            },
    {"99999999999999999999999999999999999999999", "USD", std::nullopt                            },
};

TEST(Money, Parse) {
    for (const auto& c : parse_cases) {
        SCOPED_TRACE(c.text);
        const auto money = Money::parse(c.text, Currency::parse(c.currency).value());
        EXPECT_EQ(money.has_value(), c.minor_units.has_value());
        if (money && c.minor_units) EXPECT_EQ(money->minor_units(), *c.minor_units);
        if (!money) EXPECT_EQ(money.error().code, ErrorCode::invalid_input);
    }
}

TEST(Money, DecimalTextReadsBack) {
    EXPECT_TRUE(rc::check("parse(to_decimal()) is the same amount", [] {
        const Currency currency =
            *rc::gen::element(Currency::usd(), Currency::jpy(), Currency::kwd());
        const Money money(*rc::gen::arbitrary<std::int64_t>(), currency);
        RC_ASSERT(Money::parse(money.to_decimal(), currency).value() == money);
    }));
    const Money least(std::numeric_limits<std::int64_t>::min(), Currency::kwd());
    EXPECT_EQ(Money::parse(least.to_decimal(), Currency::kwd()).value(), least);
}

TEST(Money, Format) {
    struct Case {
        std::int64_t minor_units;
        const char *currency, *decimal, *format;
    };
    const Case cases[] = {
        {1234,       "USD", "12.34",       "$12.34"         },
        {-5,         "USD", "-0.05",       "-$0.05"         },
        {123456789,  "USD", "1234567.89",  "$1,234,567.89"  },
        {1234,       "JPY", "1234",        "¥1,234"         },
        {1234,       "KWD", "1.234",       "KWD 1.234"      },
        {75600,      "INR", "756.00",      "₹756.00"        },
        {1234567800, "INR", "12345678.00", "₹1,23,45,678.00"},
        {0,          "EUR", "0.00",        "€0.00"          },
    };
    for (const auto& c : cases) {
        const Money money(c.minor_units, Currency::parse(c.currency).value());
        EXPECT_EQ(money.to_decimal(), c.decimal);
        EXPECT_EQ(money.format(), c.format);
    }
}

TEST(Money, OverflowIsRefused) {
    const Money most = usd(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(most.plus(usd(1)).error().code, ErrorCode::invalid_input);
    EXPECT_EQ(most.times(2).error().code, ErrorCode::invalid_input);
    EXPECT_EQ(usd(std::numeric_limits<std::int64_t>::min()).minus(usd(1)).error().code,
              ErrorCode::invalid_input);
    EXPECT_EQ(usd(2).plus(usd(3)).value(), usd(5));
    EXPECT_EQ(usd(2).minus(usd(3)).value(), usd(-1));
}

TEST(MoneyDeathTest, CurrenciesNeverMix) {
    EXPECT_DEATH((void)usd(1).plus(Money(1, Currency::jpy())), "currency_");
}

TEST(Currency, Parse) {
    for (const char* bad : {"", "us", "usdd", "US1", "XXX", "U D", "D U", "\xff\xff\xff"}) {
        EXPECT_FALSE(Currency::parse(bad)) << bad;
    }
    EXPECT_EQ(Currency::parse("eur").value().code(), "EUR");
    EXPECT_EQ(Currency::parse("EUR").value().lower_code(), "eur");
    EXPECT_EQ(Currency::parse("bhd").value().minor_digits(), 3);
    EXPECT_EQ(Currency::parse("krw").value().minor_digits(), 0);
}

}  // namespace
}  // namespace paydesk
