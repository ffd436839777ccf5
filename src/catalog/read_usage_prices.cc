#include "catalog/read_usage_prices.h"

#include "catalog/metered_price.h"

namespace paydesk::catalog {
namespace {

constexpr std::array<std::string_view, 5> aggregations = {"sum", "count", "max", "last", "unique"};
static_assert(aggregations.size() == static_cast<std::size_t>(Aggregation::unique) + 1);
constexpr std::array<std::string_view, 3> usage_charges = {"none", "meter", "invoice_item"};
static_assert(usage_charges.size() == static_cast<std::size_t>(UsageCharge::invoice_item) + 1);

void read_tiers(TomlReader& reader, UsagePrice& price, const toml::node& node,
                const std::string& where) {
    const toml::array* array = node.as_array();
    if (array == nullptr || array->empty() || array->size() > entries_max)
        return reader.wrong(&node, "{}: tiers must be a list of 1 to {} tables", where,
                            entries_max);
    for (const toml::node& element : *array) {
        const toml::table* table = element.as_table();
        if (table == nullptr)
            return reader.wrong(&element, "{}: a tier is a table such as {{ price = \"0.01\" }}",
                                where);
        reader.only(*table, {"up_to", "price", "flat"}, where + ": tiers");
        UsageTier tier{.up_to = reader.units(*table, "up_to", where)};
        tier.price = reader.unit_price(*table, "price", where).value_or(Decimal());
        tier.flat = reader.unit_price(*table, "flat", where).value_or(Decimal());
        const bool is_last = &element == &array->back();
        const bool ascends = price.tiers.empty() || !tier.up_to || !price.tiers.back().up_to ||
                             *tier.up_to > *price.tiers.back().up_to;
        if (is_last == tier.up_to.has_value() || !ascends) {
            reader.wrong(&element, "{}: up_to must rise from tier to tier, and the last has none",
                         where);
        }
        price.tiers.push_back(tier);
    }
}

UsagePrice read_usage_price(TomlReader& reader, const std::string& where,
                            const toml::table& table) {
    reader.only(table, {"model", "included", "price", "per", "tiers", "flat", "limit"}, where);
    constexpr std::array<std::string_view, 2> limits = {"hard", "soft"};
    enum class Limit : std::uint8_t { hard, soft };
    UsagePrice price{.model = reader.one_of<UsageModel>(table, "model", where, usage_models)};
    price.limit_is_soft = reader.one_of<Limit>(table, "limit", where, limits) == Limit::soft;
    price.included = reader.units(table, "included", where).value_or(Decimal());
    price.per = reader.units(table, "per", where).value_or(Decimal::from_int(1));
    price.flat = reader.unit_price(table, "flat", where).value_or(Decimal());
    if (price.per.is_zero())
        reader.wrong(table.get("per"), "{}: per must be more than zero", where);
    const bool is_tiered =
        price.model == UsageModel::graduated || price.model == UsageModel::volume;
    if (is_tiered != table.contains("tiers") || (is_tiered && table.contains("price")))
        reader.wrong(&table, "{}: graduated and volume have tiers, the others a price", where);
    if (const toml::node* node = table.get("tiers")) read_tiers(reader, price, *node, where);
    if (const auto each = reader.unit_price(table, "price", where))
        price.tiers.push_back({.up_to = {}, .price = *each, .flat = {}});
    return price;
}

void read_record_prices(TomlReader& reader, Meter& meter, const toml::node& node) {
    const toml::array* array = node.as_array();
    const bool is_fit = array != nullptr && array->size() <= entries_max;
    for (std::size_t i = 0; is_fit && i < array->size(); ++i) {
        const auto price = array->get(i)->value_exact<std::string>();
        if (price && !price->empty() && price->size() <= text_bytes_max)
            meter.record_prices.push_back(*price);
    }
    if (!is_fit || meter.record_prices.size() != array->size()) {
        reader.wrong(&node, "{}: record_prices must be a list of Stripe's price ids", meter.key);
    } else if (meter.charge != UsageCharge::meter) {
        reader.wrong(&node, "{}: record_prices are for charge = \"meter\"", meter.key);
    }
}

}  // namespace

std::string_view to_string(Aggregation aggregation) {
    return aggregations.at(static_cast<std::size_t>(aggregation));
}

std::string_view to_string(UsageCharge charge) {
    return usage_charges.at(static_cast<std::size_t>(charge));
}

bool has_meter(const std::vector<Meter>& meters, std::string_view metric) {
    return std::ranges::find(meters, metric, &Meter::key) != meters.end();
}

void read_meter(TomlReader& reader, const toml::table& table, std::vector<Meter>& meters) {
    const auto meter_key = reader.text(table, "key", "a [[meter]]", true);
    if (!meter_key) return;
    reader.only(table, {"key", "name", "unit", "aggregation", "charge", "record_prices"},
                *meter_key);
    if (!is_key(*meter_key)) {
        reader.wrong(table.get("key"), "meter \"{}\": use a-z, 0-9 and _, beginning with a letter",
                     *meter_key);
        return;
    }
    if (has_meter(meters, *meter_key)) {
        reader.wrong(table.get("key"), "meter \"{}\" is there twice", *meter_key);
        return;
    }
    Meter meter{.key = *meter_key,
                .name = reader.text(table, "name", *meter_key, true, name_bytes_max).value_or("")};
    meter.unit = reader.text(table, "unit", *meter_key, false, name_bytes_max).value_or("");
    meter.aggregation = reader.one_of<Aggregation>(table, "aggregation", *meter_key, aggregations);
    meter.charge = reader.one_of<UsageCharge>(table, "charge", *meter_key, usage_charges);
    if (const toml::node* node = table.get("record_prices"))
        read_record_prices(reader, meter, *node);
    meters.push_back(std::move(meter));
}

void read_usage(TomlReader& reader, Plan& plan, const toml::node& node,
                const std::vector<Meter>& meters) {
    const toml::table* table = node.as_table();
    if (table == nullptr || table->size() > entries_max)
        return reader.wrong(&node, "{}: usage: write [plan.usage.api_calls]", plan.key);
    for (const auto& [metric, price] : *table) {
        const toml::table* fields = price.as_table();
        if (fields == nullptr) {
            reader.wrong(&price, "{0}: usage.{1}: write [plan.usage.{1}]", plan.key, metric.str());
        } else if (!has_meter(meters, metric.str())) {
            reader.wrong(&price, "{}: usage.{}: no [[meter]] has this key; add one or correct it",
                         plan.key, metric.str());
        } else {
            plan.usage.emplace(
                metric.str(),
                read_usage_price(reader, fmt::format("{}: usage.{}", plan.key, metric.str()),
                                 *fields));
        }
    }
}

void check_charges(TomlReader& reader, const Catalogue& catalogue) {
    for (const Plan& plan : catalogue.plans) {
        for (const auto& [metric, price] : plan.usage) {
            const auto meter = std::ranges::find(catalogue.meters, metric, &Meter::key);
            if (meter == catalogue.meters.end() || !price.costs()) continue;
            if (meter->charge == UsageCharge::none) {
                reader.wrong(nullptr,
                             "{}: usage.{} has a price, but its [[meter]] does not say how it is "
                             "charged: charge = \"invoice_item\" or \"meter\"",
                             plan.key, metric);
            } else if (meter->charge == UsageCharge::meter && !price.per.is_zero()) {
                if (const auto tiers = metered_tiers(price); !tiers)
                    reader.wrong(nullptr, "{}: usage.{}: {}; use charge = \"invoice_item\"",
                                 plan.key, metric, tiers.error().message);
            }
        }
    }
    for (const Meter& meter : catalogue.meters) {
        const bool cannot =
            meter.aggregation == Aggregation::max || meter.aggregation == Aggregation::unique;
        if (meter.charge == UsageCharge::meter && cannot) {
            reader.wrong(nullptr,
                         "meter {}: the provider's meters know sum, count and last; use charge = "
                         "\"invoice_item\"",
                         meter.key);
        }
    }
}

}  // namespace paydesk::catalog
