#include "catalog/metered_price.h"

#include <boost/multiprecision/cpp_int.hpp>

#include <limits>

#include "base/assert.h"

namespace paydesk::catalog {
namespace {

using Integer = boost::multiprecision::cpp_int;

Error cannot(const char* why) { return {ErrorCode::invalid_input, why}; }

// A count of 10^-12.
Integer units_of(Decimal decimal) {
    std::string text = decimal.to_string();
    PD_ASSERT(!decimal.is_negative());
    const std::size_t point = text.find('.');
    std::string fraction = point == text.npos ? "" : text.substr(point + 1);
    fraction.resize(Decimal::scale, '0');
    std::string digits = text.substr(0, point) + fraction;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    return Integer(digits);
}

std::optional<std::int64_t> whole(Decimal decimal) {
    const Integer one = units_of(Decimal::from_int(1)), units = units_of(decimal);
    if (units % one != 0 || units / one > std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return (units / one).convert_to<std::int64_t>();
}

// Exact, with at most twelve decimals.
std::optional<Decimal> divided(Decimal price, Decimal per) {
    const Integer one = units_of(Decimal::from_int(1));
    const Integer top = units_of(price) * one, bottom = units_of(per);
    if (top % bottom != 0) return std::nullopt;
    std::string digits = Integer(top / bottom).str();
    if (digits.size() <= Decimal::scale) digits.insert(0, Decimal::scale + 1 - digits.size(), '0');
    digits.insert(digits.size() - Decimal::scale, ".");
    const auto parsed = Decimal::parse(digits);
    if (!parsed) return std::nullopt;
    return *parsed;
}

}  // namespace

Result<MeteredTiers> metered_tiers(const UsagePrice& price) {
    PD_ASSERT(price.costs());
    if (price.model == UsageModel::package)
        return cannot("the provider's meters do not sell packages");
    const bool is_volume = price.model == UsageModel::volume;
    const auto included = whole(price.included);
    if (!included) return cannot("the provider's meters include whole units only");
    if (is_volume && *included > 0)
        return cannot("the provider's meters include no units in a volume price");

    MeteredTiers made{.is_volume = is_volume, .tiers = {}};
    std::vector<UsageTier> tiers = price.tiers;
    if (tiers.empty()) tiers.emplace_back();
    if (*included > 0) {
        made.tiers.push_back({.up_to = *included, .unit_price = {}, .flat = tiers.front().flat});
        tiers.front().flat = {};
    }
    for (const UsageTier& tier : tiers) {
        const auto unit_price = divided(tier.price, price.per);
        if (!unit_price) {
            return cannot(
                "the provider's meters know the price of one unit, which has more than twelve "
                "decimals here");
        }
        provider::UsageTier one{.up_to = {}, .unit_price = *unit_price, .flat = tier.flat};
        if (tier.up_to) {
            const auto edge = tier.up_to->plus(price.included);
            one.up_to = edge ? whole(*edge) : std::nullopt;
            if (!one.up_to) return cannot("the tiers of the provider's meters end at whole units");
        }
        made.tiers.push_back(one);
    }
    for (provider::UsageTier& tier : made.tiers) {
        const auto flat = tier.flat.plus(price.flat);
        if (!flat) return cannot("its flat fee is too large");
        tier.flat = *flat;
        if (!is_volume) break;
    }
    return made;
}

}  // namespace paydesk::catalog
