// The provider's tiers cost what usage/rating.h says; rating_test.cc computes the same examples.
#include "catalog/metered_price.h"

#include <gtest/gtest.h>

namespace paydesk::catalog {
namespace {

Decimal decimal(std::string_view text) { return Decimal::parse(text).value(); }

UsageTier tier(std::optional<std::string_view> up_to, std::string_view price,
               std::string_view flat = "0") {
    UsageTier made{.up_to = {}, .price = decimal(price), .flat = decimal(flat)};
    if (up_to) made.up_to = decimal(*up_to);
    return made;
}

// "1000: 0 | rest: 1 + 500"
std::string said(const UsagePrice& price) {
    const auto tiers = metered_tiers(price);
    if (!tiers) return tiers.error().message;
    std::string text = tiers->is_volume ? "volume " : "";
    for (const auto& one : tiers->tiers) {
        if (&one != &tiers->tiers.front()) text += " | ";
        text +=
            (one.up_to ? std::to_string(*one.up_to) : "rest") + ": " + one.unit_price.to_string();
        if (!one.flat.is_zero()) text += " + " + one.flat.to_string();
    }
    return text;
}

TEST(MeteredPrice, Cases) {
    EXPECT_EQ(said({.included = decimal("1000"), .tiers = {tier({}, "1")}}), "1000: 0 | rest: 1");
    EXPECT_EQ(said({.per = decimal("1000"), .tiers = {tier({}, "3")}}), "rest: 0.003");
    EXPECT_EQ(said({.tiers = {tier({}, "2")}, .flat = decimal("250")}), "rest: 2 + 250");
    EXPECT_EQ(said({.flat = decimal("250")}), "rest: 0 + 250");
    const std::vector<UsageTier> tiers = {tier("100", "10", "500"), tier({}, "5", "70")};
    EXPECT_EQ(said({.model = UsageModel::graduated, .tiers = tiers}),
              "100: 10 + 500 | rest: 5 + 70");
    EXPECT_EQ(said({.model = UsageModel::graduated,
                    .included = decimal("50"),
                    .tiers = tiers,
                    .flat = decimal("1")}),
              "50: 0 + 501 | 150: 10 | rest: 5 + 70");
    EXPECT_EQ(said({.model = UsageModel::volume, .tiers = tiers, .flat = decimal("1")}),
              "volume 100: 10 + 501 | rest: 5 + 71");
}

TEST(MeteredPrice, WhatMetersCannotDo) {
    const std::vector<UsageTier> tiers = {tier("100", "10"), tier({}, "5")};
    EXPECT_EQ(said({.model = UsageModel::package, .tiers = {tier({}, "1")}}),
              "the provider's meters do not sell packages");
    EXPECT_EQ(said({.model = UsageModel::volume, .included = decimal("1"), .tiers = tiers}),
              "the provider's meters include no units in a volume price");
    EXPECT_EQ(said({.included = decimal("0.5"), .tiers = {tier({}, "1")}}),
              "the provider's meters include whole units only");
    EXPECT_EQ(said({
                  .model = UsageModel::graduated, .tiers = {tier("0.5", "1"), tier({}, "2")}
    }),
              "the tiers of the provider's meters end at whole units");
    EXPECT_EQ(said({.per = decimal("3"), .tiers = {tier({}, "1")}}),
              "the provider's meters know the price of one unit, which has more than twelve "
              "decimals here");
}

}  // namespace
}  // namespace paydesk::catalog
