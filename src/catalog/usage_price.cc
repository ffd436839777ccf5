#include "catalog/usage_price.h"

#include <algorithm>

#include "base/json.h"

namespace paydesk::catalog {
namespace {

std::optional<Decimal> decimal_at(const json::value& value, std::string_view field) {
    const auto text = string_at(value, {field});
    if (!text) return std::nullopt;
    const auto parsed = Decimal::parse(*text);
    if (!parsed) return std::nullopt;
    return *parsed;
}

}  // namespace

json::object to_json(const UsagePrice& price) {
    json::array tiers;
    for (const UsageTier& tier : price.tiers) {
        json::value up_to;
        if (tier.up_to) up_to = tier.up_to->to_string();
        tiers.push_back({
            {"up_to", std::move(up_to)      },
            {"price", tier.price.to_string()},
            {"flat",  tier.flat.to_string() }
        });
    }
    return {
        {"model",    usage_models[static_cast<std::size_t>(price.model)]},
        {"included", price.included.to_string()                         },
        {"per",      price.per.to_string()                              },
        {"tiers",    std::move(tiers)                                   },
        {"flat",     price.flat.to_string()                             },
        {"limit",    price.limit_is_soft ? "soft" : "hard"              }
    };
}

std::optional<UsagePrice> usage_price_from_json(const json::value& value) {
    const auto named = string_at(value, {"model"});
    const auto model = std::ranges::find(usage_models, named.value_or(""));
    const auto included = decimal_at(value, "included"), per = decimal_at(value, "per"),
               flat = decimal_at(value, "flat");
    const json::value* tiers = at_path(value, {"tiers"});
    if (model == usage_models.end() || !included || !per || !flat || tiers == nullptr ||
        !tiers->is_array())
        return std::nullopt;
    UsagePrice price{.model = static_cast<UsageModel>(model - usage_models.begin()),
                     .included = *included,
                     .per = *per,
                     .flat = *flat,
                     .limit_is_soft = string_at(value, {"limit"}) == "soft"};
    for (const json::value& tier : tiers->as_array()) {
        const auto each = decimal_at(tier, "price"), once = decimal_at(tier, "flat");
        if (!each || !once) return std::nullopt;
        price.tiers.push_back({.up_to = decimal_at(tier, "up_to"), .price = *each, .flat = *once});
    }
    return price;
}

}  // namespace paydesk::catalog
