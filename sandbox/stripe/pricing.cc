#include "sandbox/stripe/pricing.h"

#include <algorithm>

#include "base/assert.h"
#include "base/decimal_text.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

// A count of 10^-12, as Decimal holds it.
using Units = __int128;
constexpr Units one = 1'000'000'000'000;
constexpr std::int64_t amount_max = 999'999'999'999;

Units units_of(std::string_view decimal) {
    const auto units = parse_scaled(decimal, Decimal::scale);
    PD_ASSERT(units.has_value());
    return *units;
}

// A sum of products of two decimals, which have up to 24 decimals each.
class ExactAmount {
public:
    // REQUIRES: neither is negative; `price` is below 10^24.
    void add_product(Units price, Units quantity) {
        const Units price_whole = price / one, price_part = price % one;
        const Units quantity_whole = quantity / one, quantity_part = quantity % one;
        const Units cross = price_whole * quantity_part + quantity_whole * price_part;
        parts_ += (cross % one) * one + price_part * quantity_part;
        whole_ += price_whole * quantity_whole + cross / one + parts_ / (one * one);
        parts_ %= one * one;
        if (whole_ > amount_max) refuse("amount_too_large", "The amount is too large.");
    }
    std::int64_t rounded() const {
        return static_cast<std::int64_t>(whole_ + (parts_ * 2 >= one * one ? 1 : 0));
    }

private:
    __int128 whole_ = 0;
    __int128 parts_ = 0;  // of 10^-24, below 1
};

// What the key holds as a decimal or as an integer; nothing is 0.
Units amount_in(const Object& priced, const std::string& key) {
    const auto decimal = text(priced, key + "_decimal");
    if (!decimal.empty()) return units_of(decimal);
    return static_cast<Units>(number(priced, key)) * one;
}

// Graduated: each unit at its own tier's price. Volume: all at the tier that the quantity reaches.
ExactAmount tiered_amount(const Object& price, Units quantity) {
    const bool volume = text(price, "tiers_mode") == "volume";
    ExactAmount amount;
    Units counted = 0;
    bool first = true;
    for (const json::value& value : children(price, "_tiers")) {
        const Object& tier = value.get_object();
        const bool last = !present(tier, "up_to");
        const Units bound = last ? quantity : static_cast<Units>(number(tier, "up_to")) * one;
        const bool reaches = last || quantity <= bound;
        if (volume && !reaches) continue;
        const Units in_tier = volume ? quantity : std::min(quantity, bound) - counted;
        if (in_tier > 0 || first || volume) {
            amount.add_product(amount_in(tier, "unit_amount"), in_tier);
            amount.add_product(amount_in(tier, "flat_amount"), one);
        }
        counted = std::min(quantity, bound);
        first = false;
        if (reaches) break;
    }
    return amount;
}

}  // namespace

std::int64_t amount_of(const Object& price, Decimal quantity) {
    const bool negative = quantity.is_negative();
    Units units = units_of(quantity.to_string());
    if (negative) units = -units;
    const Object& packages = child(price, "transform_quantity");
    if (const Units size = static_cast<Units>(number(packages, "divide_by")) * one; size > 0) {
        const bool up = text(packages, "round") == "up" && units % size != 0;
        units = (units / size + (up ? 1 : 0)) * one;
    }
    ExactAmount amount;
    if (text(price, "billing_scheme") == "tiered")
        amount = tiered_amount(price, units);
    else
        amount.add_product(amount_in(price, "unit_amount"), units);
    return negative ? -amount.rounded() : amount.rounded();
}

std::int64_t amount_of(const Object& price, std::int64_t quantity) {
    return amount_of(price, Decimal::from_int(quantity));
}

std::string shortest_decimal(std::string_view given) {
    std::string padded(given);
    if (padded.starts_with('-')) padded.erase(0, 1);
    padded = "0" + padded;
    if (padded.ends_with('.')) padded += "0";
    const auto parsed = Decimal::parse(padded);
    PD_ASSERT(parsed.has_value());
    const auto shortest = parsed->to_string();
    return given.starts_with('-') && shortest != "0" ? "-" + shortest : shortest;
}

std::int64_t whole_part(Decimal quantity) {
    const auto whole = units_of(quantity.to_string()) / one;
    return static_cast<std::int64_t>(
        std::clamp<__int128>(whole, -amount_max * 1'000, amount_max * 1'000));
}

bool is_metered(const Object& price) {
    return text(child(price, "recurring"), "usage_type") == "metered";
}

}  // namespace paydesk::sandbox::stripe
