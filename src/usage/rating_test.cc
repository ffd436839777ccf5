#include "usage/rating.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace paydesk::usage {
namespace {

using catalog::UsageModel;
using catalog::UsagePrice;
using catalog::UsageTier;

Decimal decimal(std::string_view text) { return Decimal::parse(text).value(); }

// `cents` may have decimals.
UsageTier tier(std::optional<std::string_view> up_to, std::string_view cents,
               std::string_view flat = "0") {
    UsageTier made{.up_to = {}, .price = decimal(cents), .flat = decimal(flat)};
    if (up_to) made.up_to = decimal(*up_to);
    return made;
}

std::int64_t cents_of(const UsagePrice& price, std::string_view used) {
    return rate(price, decimal(used), Currency::usd()).value().minor_units();
}

// The tutorial's own examples, to the cent.
TEST(Rating, ApiServiceOf29DollarsWith5000CallsIs69Dollars) {
    const UsagePrice calls{.included = decimal("1000"), .tiers = {tier({}, "1")}};
    EXPECT_EQ(cents_of(calls, "5000"), 4000);
    EXPECT_EQ(2900 + cents_of(calls, "5000"), 6900);
    EXPECT_EQ(cents_of(calls, "1000"), 0);
    EXPECT_EQ(cents_of(calls, "1001"), 1);
}

TEST(Rating, CloudStorageOf45GigabytesIs13Dollars50) {
    const UsagePrice storage{.included = decimal("10"), .tiers = {tier({}, "10")}};
    EXPECT_EQ(1000 + cents_of(storage, "45"), 1350);
}

TEST(Rating, AiPlatformWithTokensImagesAndHours) {
    const UsagePrice tokens{.per = decimal("1000"), .tiers = {tier({}, "3")}};
    const UsagePrice images{.tiers = {tier({}, "2")}};
    const UsagePrice hours{.tiers = {tier({}, "500")}};
    EXPECT_EQ(cents_of(tokens, "250000"), 750);  // 250 x $0.03
    EXPECT_EQ(cents_of(images, "120"), 240);
    EXPECT_EQ(cents_of(hours, "2.5"), 1250);
    EXPECT_EQ(cents_of(tokens, "250000") + cents_of(images, "120") + cents_of(hours, "2.5"), 2240);
}

struct RatingCase {
    const char* name;
    UsagePrice price;
    const char* used;
    std::int64_t cents;
};

// Functions: a Decimal before main() would come before its own constants.
UsagePrice packages() {
    return {.model = UsageModel::package, .per = decimal("1000"), .tiers = {tier({}, "3")}};
}
UsagePrice graduated() {
    return {
        .model = UsageModel::graduated,
        .tiers = {tier("100", "10", "500"), tier("1000", "5"), tier({}, "0.5", "100")}
    };
}
UsagePrice volume() {
    return {
        .model = UsageModel::volume, .tiers = {tier("100", "10", "500"), tier({}, "5")}
    };
}
UsagePrice tiny() { return {.tiers = {tier({}, "0.003")}}; }

std::vector<RatingCase> rating_cases() {
    return {
        {"a begun package counts",                 packages(),                 "1001",           6   },
        {"a whole package",                        packages(),                 "1000",           3   },
        {"the smallest part of a package",         packages(),                 "0.000000000001", 3   },
        {"no package",                             packages(),                 "0",              0   },
        {"graduated: nothing used, first flat",    graduated(),                "0",              500 },
        {"graduated: within the first",            graduated(),                "50",             1000},
        {"graduated: the edge is the lower one",   graduated(),                "100",            1500},
        {"graduated: into the second",             graduated(),                "101",            1505},
        {"graduated: all three",                   graduated(),                "2000",           6600},
        {"volume: nothing used, first flat",       volume(),                   "0",              500 },
        {"volume: the edge is the lower one",      volume(),                   "100",            1500},
        {"volume: all at the second's price",      volume(),                   "101",            505 },
        {"rounded once, half up",                  tiny(),                     "500",            2   },
        {"rounded once, below half",               tiny(),                     "499",            1   },
        {"a million tiny units lose nothing",      tiny(),                     "1000000",        3000},
        {"a flat fee whatever was used",           {.flat = decimal("250")},   "0",              250 },
        {"corrections below nothing cost nothing", tiny(),                     "-5000",          0   },
        {"free",                                   {.included = decimal("5")}, "10",             0   },
    };
}

TEST(Rating, Cases) {
    for (const auto& c : rating_cases()) {
        SCOPED_TRACE(c.name);
        EXPECT_EQ(cents_of(c.price, c.used), c.cents);
    }
}

TEST(Rating, TooLargeIsRefused) {
    const UsagePrice dear{.tiers = {tier({}, "99999999999999999999")}};
    EXPECT_EQ(rate(dear, decimal("1000000"), Currency::usd()).error().code,
              ErrorCode::invalid_input);
}

// Of more usage the cost is never less, but for volume; a graduated price is that of its parts.
TEST(Rating, MoreNeverCostsLess) {
    EXPECT_TRUE(rc::check([] {
        const auto used = *rc::gen::inRange<std::int64_t>(0, 5'000);
        const auto more = *rc::gen::inRange<std::int64_t>(0, 5'000);
        for (const UsagePrice& price : {packages(), graduated(), tiny()}) {
            const auto less = rate(price, Decimal::from_int(used), Currency::usd());
            const auto dearer = rate(price, Decimal::from_int(used + more), Currency::usd());
            RC_ASSERT(less.value() <= dearer.value());
        }
    }));
}

TEST(Forecast, GoesOnAsUntilNow) {
    const Period november{from_unix(1'793'491'200), from_unix(1'796'083'200)};  // 30 days
    const auto at = [&](int days) { return november.start + std::chrono::days(days); };
    EXPECT_EQ(forecast(decimal("100"), november, at(10)), decimal("300"));
    EXPECT_EQ(forecast(decimal("100"), november, at(30)), decimal("100"));
    EXPECT_EQ(forecast(decimal("100"), november, at(-1)), decimal("100"));
    EXPECT_EQ(forecast(decimal("0.1"), november, at(7)), decimal("0.428571428571"));
    EXPECT_EQ(forecast(decimal("-0.5"), november, at(15)), decimal("-1"));
    EXPECT_EQ(forecast(decimal("5000"), november, at(7)), decimal("21428")) << "whole, as it was";
}

TEST(Forecast, TheFirstDayCountsAsAWholeOne) {
    const Period november{from_unix(1'793'491'200), from_unix(1'796'083'200)};
    EXPECT_EQ(forecast(decimal("5000"), november, november.start + std::chrono::seconds(20)),
              decimal("150000"));
    const Period hour{november.start, november.start + std::chrono::hours(1)};
    EXPECT_EQ(forecast(decimal("7"), hour, hour.start + std::chrono::minutes(1)), decimal("7"));
}

}  // namespace
}  // namespace paydesk::usage
