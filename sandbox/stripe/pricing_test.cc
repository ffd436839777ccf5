// Packages, tiers and rounding, held against a slow reference that works on digits alone.

#include "sandbox/stripe/pricing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace paydesk::sandbox::stripe {
namespace {

// A number that is not negative, as decimal digits, lowest first, of a count of 10^-24.
using Digits = std::vector<int>;
constexpr std::size_t decimals = 24;

Digits digits_of(std::string text) {
    const auto point = text.find('.');
    const std::size_t written = point == std::string::npos ? 0 : text.size() - point - 1;
    std::erase(text, '.');
    text += std::string(decimals - written, '0');
    std::ranges::reverse(text);
    Digits digits;
    for (const char c : text) digits.push_back(c - '0');
    return digits;
}

void carry(Digits& digits) {
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (digits[i] < 10) continue;
        if (i + 1 == digits.size()) digits.push_back(0);
        digits[i + 1] += digits[i] / 10;
        digits[i] %= 10;
    }
}

Digits sum(Digits a, const Digits& b) {
    a.resize(std::max(a.size(), b.size()));
    for (std::size_t i = 0; i < b.size(); ++i) a[i] += b[i];
    carry(a);
    return a;
}

// Both have at most 12 decimals: nothing is cut off.
Digits product(const Digits& a, const Digits& b) {
    Digits all(a.size() + b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < b.size(); ++j) {
            all[i + j] += a[i] * b[j];
            carry(all);
        }
    }
    return {all.begin() + decimals, all.end()};
}

std::int64_t half_up(const Digits& digits) {
    std::int64_t whole = 0;
    for (std::size_t i = digits.size(); i > decimals; --i) whole = whole * 10 + digits[i - 1];
    return whole + (digits[decimals - 1] >= 5 ? 1 : 0);
}

struct Tier {
    std::int64_t up_to;  // 0: no end
    std::string unit, flat;
};

// Milli-units one by one: what a person would do on paper. `thousandths` of a unit were used.
std::int64_t slow_amount(const std::vector<Tier>& tiers, bool volume, std::int64_t thousandths) {
    std::vector<std::int64_t> in_tier(tiers.size());
    std::size_t reached = 0;
    for (std::int64_t i = 1; i <= thousandths; ++i) {
        while (tiers[reached].up_to != 0 && i > tiers[reached].up_to * 1000) ++reached;
        ++in_tier[reached];
    }
    Digits total(decimals + 1);
    for (std::size_t t = 0; t < tiers.size(); ++t) {
        auto counted = in_tier[t];
        if (volume) counted = t == reached ? thousandths : 0;
        const bool billed = volume ? t == reached : counted > 0 || t == 0;
        if (!billed) continue;
        const auto quantity =
            std::to_string(counted / 1000) + "." + std::to_string(1000 + counted % 1000).substr(1);
        total = sum(total, product(digits_of(tiers[t].unit), digits_of(quantity)));
        total = sum(total, digits_of(tiers[t].flat));
    }
    return half_up(total);
}

rc::Gen<std::string> decimal_text() {
    return rc::gen::map(rc::gen::tuple(rc::gen::inRange<std::int64_t>(0, 5000),
                                       rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000),
                                       rc::gen::inRange(0, 13)),
                        [](const std::tuple<std::int64_t, std::int64_t, int>& drawn) {
                            const auto& [whole, fraction, length] = drawn;
                            std::string digits =
                                std::to_string(1'000'000'000'000 + fraction).substr(1);
                            digits.resize(static_cast<std::size_t>(length));
                            return std::to_string(whole) + (digits.empty() ? "" : "." + digits);
                        });
}

RC_GTEST_PROP(Pricing, TiersAddUpAsOnPaper, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(1, 5);
    const bool volume = *rc::gen::arbitrary<bool>();
    std::vector<Tier> tiers;
    std::int64_t end = 0;
    json::array shown;
    for (std::size_t i = 0; i < count; ++i) {
        end += *rc::gen::inRange<std::int64_t>(1, 6);
        const bool last = i + 1 == count;
        tiers.push_back({last ? 0 : end, *decimal_text(), *decimal_text()});
        shown.push_back(Object{
            {"up_to",               last ? json::value(nullptr) : json::value(end)},
            {"unit_amount_decimal", tiers.back().unit                             },
            {"flat_amount_decimal", tiers.back().flat                             }
        });
    }
    const Object price{
        {"billing_scheme", "tiered"                       },
        {"tiers_mode",     volume ? "volume" : "graduated"},
        {"_tiers",         std::move(shown)               }
    };
    const auto thousandths = *rc::gen::inRange<std::int64_t>(0, 30'000);
    const auto quantity = Decimal::parse(std::to_string(thousandths / 1000) + "." +
                                         std::to_string(1000 + thousandths % 1000).substr(1));
    RC_ASSERT(amount_of(price, quantity.value()) == slow_amount(tiers, volume, thousandths));
}

RC_GTEST_PROP(Pricing, ProductsAreRoundedOnce, ()) {
    const auto unit = *decimal_text();
    const auto quantity = *decimal_text();
    const Object price{
        {"unit_amount_decimal", unit}
    };
    RC_ASSERT(amount_of(price, Decimal::parse(quantity).value()) ==
              half_up(product(digits_of(unit), digits_of(quantity))));
}

RC_GTEST_PROP(Pricing, PackagesAreWhole, ()) {
    const auto size = *rc::gen::inRange<std::int64_t>(1, 50);
    const auto thousandths = *rc::gen::inRange<std::int64_t>(0, 200'000);
    const bool up = *rc::gen::arbitrary<bool>();
    const Object price{
        {"unit_amount",        7                                                         },
        {"transform_quantity", Object{{"divide_by", size}, {"round", up ? "up" : "down"}}}
    };
    std::int64_t packages = 0;
    while ((packages + 1) * size * 1000 <= thousandths) ++packages;
    if (up && packages * size * 1000 < thousandths) ++packages;
    const auto quantity = Decimal::parse(std::to_string(thousandths / 1000) + "." +
                                         std::to_string(1000 + thousandths % 1000).substr(1));
    RC_ASSERT(amount_of(price, quantity.value()) == 7 * packages);
}

TEST(Pricing, KnownAmounts) {
    const struct {
        const char *unit, *quantity;
        std::int64_t amount;
    } cases[] = {
        {"0.5",            "1",              1           },
        {"0.5",            "3",              2           },
        {"0.333333333333", "3",              1           },
        {"0.000000000001", "0.000000000001", 0           },
        {"0.1",            "5",              1           },
        {"0.1",            "4.999999999999", 0           },
        {"999999999999",   "1",              999999999999},
        {"1",              "0",              0           },
        {"2",              "-3",             -6          },
    };
    for (const auto& test : cases) {
        const Object price{
            {"unit_amount_decimal", test.unit}
        };
        EXPECT_EQ(amount_of(price, Decimal::parse(test.quantity).value()), test.amount)
            << test.unit << " × " << test.quantity;
    }
    EXPECT_EQ(shortest_decimal("12.50"), "12.5");
    EXPECT_EQ(shortest_decimal(".5"), "0.5");
    EXPECT_EQ(shortest_decimal("5."), "5");
    EXPECT_EQ(shortest_decimal("-0.0"), "0");
}

}  // namespace
}  // namespace paydesk::sandbox::stripe
