#include "catalog/plans_file.h"

#define TOML_EXCEPTIONS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>

#include "catalog/metered_price.h"

namespace paydesk::catalog {
namespace {

constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t text_bytes_max = 1'000;
constexpr std::size_t entries_max = 50;  // features, limits of one plan
constexpr std::int64_t credits_max = 1'000'000'000'000;
constexpr std::array<std::string_view, 5> aggregations = {"sum", "count", "max", "last", "unique"};
static_assert(aggregations.size() == static_cast<std::size_t>(Aggregation::unique) + 1);
constexpr std::array<std::string_view, 3> usage_charges = {"none", "meter", "invoice_item"};
static_assert(usage_charges.size() == static_cast<std::size_t>(UsageCharge::invoice_item) + 1);

bool is_key(std::string_view text) {
    if (text.empty() || text.size() > 60 || text.front() < 'a' || text.front() > 'z') return false;
    return std::ranges::all_of(
        text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// One pass over the file that remembers all that is wrong.
class Reader {
public:
    explicit Reader(std::string_view file_name) : file_name_(file_name) {}

    Catalogue read(const toml::table& file) {
        only(file, {"currency", "meter", "plan", "top_up", "product"}, "the file");
        const std::string currency = text(file, "currency", "the file", false).value_or("usd");
        if (const auto parsed = Currency::parse(currency)) {
            currency_ = *parsed;
        } else {
            wrong(file.get("currency"),
                  "currency: \"{}\" is not a currency that Paydesk knows; use an ISO 4217 code "
                  "such as \"usd\"",
                  currency);
        }
        each(file, "meter", [this](const toml::table& meter) { read_meter(meter); });
        each(file, "plan", [this](const toml::table& plan) { read_plan(plan); });
        each(file, "top_up",
             [this](const toml::table& plan) { read_bought_once(plan, PlanKind::top_up); });
        each(file, "product",
             [this](const toml::table& plan) { read_bought_once(plan, PlanKind::product); });
        if (catalogue_.plans.empty()) wrong(nullptr, "there is no [[plan]]");
        if (catalogue_.plans.size() > plans_max) wrong(nullptr, "more than {} plans", plans_max);
        check_families();
        check_charges();
        return std::move(catalogue_);
    }

    const std::vector<std::string>& problems() const { return problems_; }

private:
    template <class... Args>
    void wrong(const toml::node* node, fmt::format_string<Args...> format, Args&&... args) {
        const auto line = node != nullptr ? node->source().begin.line : 0;
        const auto place =
            line > 0 ? fmt::format("{}:{}: ", file_name_, line) : fmt::format("{}: ", file_name_);
        problems_.push_back(place + fmt::format(format, std::forward<Args>(args)...));
    }

    void only(const toml::table& table, std::initializer_list<std::string_view> known,
              std::string_view where) {
        for (const auto& [key, node] : table) {
            if (std::ranges::find(known, key.str()) != known.end()) continue;
            wrong(&node, "{}: \"{}\" is not known here; known are {}", where, key.str(),
                  fmt::join(known, ", "));
        }
    }

    template <class Body>
    void each(const toml::table& file, std::string_view name, Body body) {
        const toml::node* node = file.get(name);
        if (node == nullptr) return;
        const toml::array* array = node->as_array();
        if (array == nullptr)
            return wrong(node, "{0}: write [[{0}]] with two brackets on each side", name);
        for (const toml::node& element : *array) {
            if (const toml::table* table = element.as_table()) {
                body(*table);
            } else {
                wrong(&element, "{0}: write [[{0}]] with two brackets on each side", name);
            }
        }
    }

    std::optional<std::string> text(const toml::table& table, std::string_view name,
                                    std::string_view where, bool required,
                                    std::size_t bytes_max = text_bytes_max) {
        const toml::node* node = table.get(name);
        if (node == nullptr) {
            if (required) wrong(&table, "{}: {} is missing", where, name);
            return std::nullopt;
        }
        const auto value = node->value_exact<std::string>();
        if (!value) {
            wrong(node, "{}: {} must be text in quotes", where, name);
        } else if (value->empty() || value->size() > bytes_max) {
            wrong(node, "{}: {} must have 1 to {} characters", where, name, bytes_max);
            return std::nullopt;
        }
        return value;
    }

    std::int64_t whole(const toml::table& table, std::string_view name, std::string_view where,
                       std::int64_t least, std::int64_t most) {
        const toml::node* node = table.get(name);
        if (node == nullptr) return least;
        const auto value = node->value_exact<std::int64_t>();
        if (value && *value >= least && *value <= most) return *value;
        wrong(node, "{}: {} must be a whole number from {} to {}", where, name, least, most);
        return least;
    }

    // Text of the form of a key, `fallback` where it is missing.
    std::string word(const toml::table& table, std::string_view name, std::string_view where,
                     std::string fallback) {
        auto value = text(table, name, where, false);
        if (!value) return fallback;
        if (is_key(*value)) return *value;
        wrong(table.get(name), "{}: {} \"{}\": use a-z, 0-9 and _", where, name, *value);
        return fallback;
    }

    // The value of an enumeration by its name; the first where it is missing.
    template <class Enum, std::size_t n>
    Enum one_of(const toml::table& table, std::string_view name, std::string_view where,
                const std::array<std::string_view, n>& names) {
        const auto named = text(table, name, where, false);
        if (!named) return Enum{};
        const auto found = std::ranges::find(names, *named);
        if (found != names.end()) return static_cast<Enum>(found - names.begin());
        wrong(table.get(name), "{}: {} \"{}\" is not one of {}", where, name, *named,
              fmt::join(names, ", "));
        return Enum{};
    }

    std::optional<std::string> key(const toml::table& table, std::string_view kind) {
        auto value = text(table, "key", fmt::format("a [[{}]]", kind), true);
        if (!value) return std::nullopt;
        if (!is_key(*value)) {
            wrong(table.get("key"),
                  "key \"{}\": use a-z, 0-9 and _, beginning with a letter, at most 60", *value);
            return std::nullopt;
        }
        if (!keys_.insert(*value).second) {
            wrong(table.get("key"), "key \"{}\" is there twice", *value);
            return std::nullopt;
        }
        return value;
    }

    std::optional<Money> amount(const toml::node& node, const std::string& where) {
        const auto value = node.value_exact<std::string>();
        if (!value) {
            wrong(&node, "{}: write the amount as text, such as \"49.00\"", where);
            return std::nullopt;
        }
        const auto money = Money::parse(*value, currency_);
        if (!money) {
            wrong(&node, "{}: \"{}\" is not an exact amount in {}", where, *value,
                  currency_.code());
            return std::nullopt;
        }
        if (money->minor_units() <= 0) {
            wrong(&node, "{}: must be more than zero; a plan without prices is free", where);
            return std::nullopt;
        }
        return *money;
    }

    void read_common(Plan& plan, const toml::table& table) {
        plan.name = text(table, "name", plan.key, true, name_bytes_max).value_or("");
        plan.description = text(table, "description", plan.key, false).value_or("");
        plan.credits = whole(table, "credits", plan.key, 0, credits_max);
        if (const toml::node* node = table.get("features")) read_features(plan, *node);
    }

    void read_features(Plan& plan, const toml::node& node) {
        const toml::array* array = node.as_array();
        if (array == nullptr || array->size() > entries_max) {
            return wrong(&node, "{}: features must be a list of at most {} texts", plan.key,
                         entries_max);
        }
        for (const toml::node& element : *array) {
            const auto value = element.value_exact<std::string>();
            if (value && !value->empty() && value->size() <= text_bytes_max) {
                plan.features.push_back(*value);
            } else {
                wrong(&element, "{}: every feature must be text of 1 to {} characters", plan.key,
                      text_bytes_max);
            }
        }
    }

    void read_limits(Plan& plan, const toml::node& node) {
        const toml::table* table = node.as_table();
        if (table == nullptr || table->size() > entries_max) {
            return wrong(&node, "{}: limits must be a table such as {{ api_calls = 1000 }}",
                         plan.key);
        }
        for (const auto& [metric, limit] : *table) {
            const auto value = limit.value_exact<std::int64_t>();
            if (!is_key(metric.str()) || !value || *value < -1) {
                wrong(&limit, "{}: limit {} must be a whole number, or -1 for unlimited", plan.key,
                      metric.str());
            } else if (!is_metered(metric.str())) {
                wrong(&limit, "{}: limit {}: no [[meter]] has this key; add one or correct it",
                      plan.key, metric.str());
            } else {
                plan.limits.emplace(metric.str(), *value);
            }
        }
    }

    // A number of units: whole, or text where it has decimals.
    std::optional<Decimal> units(const toml::table& table, std::string_view name,
                                 const std::string& where) {
        const toml::node* node = table.get(name);
        if (node == nullptr) return std::nullopt;
        if (const auto number = node->value_exact<std::int64_t>(); number && *number >= 0)
            return Decimal::from_int(*number);
        if (const auto decimal = node->value_exact<std::string>()) {
            const auto parsed = Decimal::parse(*decimal);
            if (parsed && !parsed->is_negative()) return *parsed;
        }
        wrong(node, "{}: {} must be a number of units such as 1000 or \"0.5\"", where, name);
        return std::nullopt;
    }

    // An amount for a unit: of minor units, with all its decimals.
    std::optional<Decimal> unit_price(const toml::table& table, std::string_view name,
                                      const std::string& where) {
        const toml::node* node = table.get(name);
        if (node == nullptr) return std::nullopt;
        std::int64_t minor = 1;
        for (int digit = 0; digit < currency_.minor_digits(); ++digit) minor *= 10;
        if (const auto text = node->value_exact<std::string>()) {
            const auto parsed = Decimal::parse(*text);
            if (parsed && !parsed->is_negative()) {
                if (const auto price = parsed->times(Decimal::from_int(minor))) return *price;
            }
        }
        wrong(node, "{}: write {} as text, such as \"0.01\"", where, name);
        return std::nullopt;
    }

    void read_tiers(UsagePrice& price, const toml::node& node, const std::string& where) {
        const toml::array* array = node.as_array();
        if (array == nullptr || array->empty() || array->size() > entries_max)
            return wrong(&node, "{}: tiers must be a list of 1 to {} tables", where, entries_max);
        for (const toml::node& element : *array) {
            const toml::table* table = element.as_table();
            if (table == nullptr)
                return wrong(&element, "{}: a tier is a table such as {{ price = \"0.01\" }}",
                             where);
            only(*table, {"up_to", "price", "flat"}, where + ": tiers");
            UsageTier tier{.up_to = units(*table, "up_to", where)};
            tier.price = unit_price(*table, "price", where).value_or(Decimal());
            tier.flat = unit_price(*table, "flat", where).value_or(Decimal());
            const bool is_last = &element == &array->back();
            const bool ascends = price.tiers.empty() || !tier.up_to || !price.tiers.back().up_to ||
                                 *tier.up_to > *price.tiers.back().up_to;
            if (is_last == tier.up_to.has_value() || !ascends) {
                wrong(&element, "{}: up_to must rise from tier to tier, and the last has none",
                      where);
            }
            price.tiers.push_back(tier);
        }
    }

    void read_usage_price(Plan& plan, const std::string& metric, const toml::table& table) {
        const std::string where = plan.key + ": usage." + metric;
        only(table, {"model", "included", "price", "per", "tiers", "flat", "limit"}, where);
        constexpr std::array<std::string_view, 2> limits = {"hard", "soft"};
        enum class Limit : std::uint8_t { hard, soft };
        UsagePrice price{.model = one_of<UsageModel>(table, "model", where, usage_models)};
        price.limit_is_soft = one_of<Limit>(table, "limit", where, limits) == Limit::soft;
        price.included = units(table, "included", where).value_or(Decimal());
        price.per = units(table, "per", where).value_or(Decimal::from_int(1));
        price.flat = unit_price(table, "flat", where).value_or(Decimal());
        if (price.per.is_zero()) wrong(table.get("per"), "{}: per must be more than zero", where);
        const bool is_tiered =
            price.model == UsageModel::graduated || price.model == UsageModel::volume;
        if (is_tiered != table.contains("tiers") || (is_tiered && table.contains("price")))
            wrong(&table, "{}: graduated and volume have tiers, the others a price", where);
        if (const toml::node* node = table.get("tiers")) read_tiers(price, *node, where);
        if (const auto each = unit_price(table, "price", where))
            price.tiers.push_back({.up_to = {}, .price = *each, .flat = {}});
        plan.usage.emplace(metric, std::move(price));
    }

    // [plan.usage.api_calls]
    void read_usage(Plan& plan, const toml::node& node) {
        const toml::table* table = node.as_table();
        if (table == nullptr || table->size() > entries_max)
            return wrong(&node, "{}: usage: write [plan.usage.api_calls]", plan.key);
        for (const auto& [metric, price] : *table) {
            const toml::table* fields = price.as_table();
            if (fields == nullptr) {
                wrong(&price, "{0}: usage.{1}: write [plan.usage.{1}]", plan.key, metric.str());
            } else if (!is_metered(metric.str()) || catalogue_.meters.empty()) {
                wrong(&price, "{}: usage.{}: no [[meter]] has this key; add one or correct it",
                      plan.key, metric.str());
            } else {
                read_usage_price(plan, std::string(metric.str()), *fields);
            }
        }
    }

    // What has a price must be charged somehow, and the provider's meters cannot do everything.
    void check_charges() {
        for (const Plan& plan : catalogue_.plans) {
            for (const auto& [metric, price] : plan.usage) {
                const auto meter = std::ranges::find(catalogue_.meters, metric, &Meter::key);
                if (meter == catalogue_.meters.end() || !price.costs()) continue;
                if (meter->charge == UsageCharge::none) {
                    wrong(nullptr,
                          "{}: usage.{} has a price, but its [[meter]] does not say how it is "
                          "charged: charge = \"invoice_item\" or \"meter\"",
                          plan.key, metric);
                } else if (meter->charge == UsageCharge::meter && !price.per.is_zero()) {
                    if (const auto tiers = metered_tiers(price); !tiers)
                        wrong(nullptr, "{}: usage.{}: {}; use charge = \"invoice_item\"", plan.key,
                              metric, tiers.error().message);
                }
            }
        }
        for (const Meter& meter : catalogue_.meters) {
            const bool cannot =
                meter.aggregation == Aggregation::max || meter.aggregation == Aggregation::unique;
            if (meter.charge == UsageCharge::meter && cannot) {
                wrong(nullptr,
                      "meter {}: the provider's meters know sum, count and last; use charge = "
                      "\"invoice_item\"",
                      meter.key);
            }
        }
    }

    void read_prices(Plan& plan, const toml::node& node) {
        const toml::table* table = node.as_table();
        if (table == nullptr || table->empty()) {
            return wrong(&node,
                         "{}: prices must be a table such as {{ monthly = \"49.00\" }}; leave it "
                         "out for a free plan",
                         plan.key);
        }
        only(*table, {"monthly", "yearly"}, plan.key + ": prices");
        for (const auto cycle : {BillingCycle::monthly, BillingCycle::yearly}) {
            const std::string name{to_string(cycle)};
            const toml::node* price = table->get(name);
            if (price == nullptr) continue;
            if (const auto money = amount(*price, plan.key + ": prices." + name)) {
                plan.prices.push_back({plan.key + "_" + name, cycle, *money});
            }
        }
    }

    Plan empty_plan(std::string plan_key, PlanKind kind) const {
        return {.key = std::move(plan_key),
                .kind = kind,
                .family = kind == PlanKind::plan ? "main" : std::string(to_string(kind)),
                .tier = {},
                .rank = 0,
                .name = {},
                .description = {},
                .features = {},
                .limits = {},
                .usage = {},
                .credits = 0,
                .trial_days = {},
                .currency = currency_,
                .prices = {}};
    }

    void read_plan(const toml::table& table) {
        const auto plan_key = key(table, "plan");
        if (!plan_key) return;
        only(table,
             {"key", "family", "tier", "rank", "name", "description", "features", "limits",
              "credits", "trial_days", "prices", "usage"},
             *plan_key);
        Plan plan = empty_plan(*plan_key, PlanKind::plan);
        read_common(plan, table);
        plan.rank = whole(table, "rank", plan.key, 0, 1'000);
        plan.tier = word(table, "tier", plan.key, plan.key);
        plan.family = word(table, "family", plan.key, plan.family);
        if (table.contains("trial_days")) {
            plan.trial_days = static_cast<int>(whole(table, "trial_days", plan.key, 1, 730));
        }
        if (const toml::node* node = table.get("limits")) read_limits(plan, *node);
        if (const toml::node* node = table.get("usage")) read_usage(plan, *node);
        if (const toml::node* node = table.get("prices")) {
            read_prices(plan, *node);
        } else if (plan.trial_days) {
            wrong(table.get("trial_days"), "{}: a free plan has no trial", plan.key);
        }
        catalogue_.plans.push_back(std::move(plan));
    }

    void read_meter(const toml::table& table) {
        const auto meter_key = text(table, "key", "a [[meter]]", true);
        if (!meter_key) return;
        only(table, {"key", "name", "unit", "aggregation", "charge", "record_prices"}, *meter_key);
        if (!is_key(*meter_key)) {
            wrong(table.get("key"), "meter \"{}\": use a-z, 0-9 and _, beginning with a letter",
                  *meter_key);
            return;
        }
        if (std::ranges::find(catalogue_.meters, *meter_key, &Meter::key) !=
            catalogue_.meters.end()) {
            wrong(table.get("key"), "meter \"{}\" is there twice", *meter_key);
            return;
        }
        Meter meter{.key = *meter_key,
                    .name = text(table, "name", *meter_key, true, name_bytes_max).value_or("")};
        meter.unit = text(table, "unit", *meter_key, false, name_bytes_max).value_or("");
        meter.aggregation = one_of<Aggregation>(table, "aggregation", *meter_key, aggregations);
        meter.charge = one_of<UsageCharge>(table, "charge", *meter_key, usage_charges);
        if (const toml::node* node = table.get("record_prices")) read_record_prices(meter, *node);
        catalogue_.meters.push_back(std::move(meter));
    }

    void read_record_prices(Meter& meter, const toml::node& node) {
        const toml::array* array = node.as_array();
        const bool is_fit = array != nullptr && array->size() <= entries_max;
        for (std::size_t i = 0; is_fit && i < array->size(); ++i) {
            const auto price = array->get(i)->value_exact<std::string>();
            if (price && !price->empty() && price->size() <= text_bytes_max)
                meter.record_prices.push_back(*price);
        }
        if (!is_fit || meter.record_prices.size() != array->size()) {
            wrong(&node, "{}: record_prices must be a list of Stripe's price ids", meter.key);
        } else if (meter.charge != UsageCharge::meter) {
            wrong(&node, "{}: record_prices are for charge = \"meter\"", meter.key);
        }
    }

    bool is_metered(std::string_view metric) const {
        return catalogue_.meters.empty() ||
               std::ranges::find(catalogue_.meters, metric, &Meter::key) != catalogue_.meters.end();
    }

    void read_bought_once(const toml::table& table, PlanKind kind) {
        const auto plan_key = key(table, to_string(kind));
        if (!plan_key) return;
        Plan plan = empty_plan(*plan_key, kind);
        if (kind == PlanKind::top_up) {
            only(table, {"key", "name", "description", "features", "credits", "price"}, *plan_key);
        } else {
            only(table, {"key", "name", "description", "features", "price"}, *plan_key);
        }
        read_common(plan, table);
        if (kind == PlanKind::top_up && plan.credits == 0) {
            wrong(&table, "{}: credits is missing: what does the top-up give?", plan.key);
        }
        if (const toml::node* node = table.get("price")) {
            if (const auto money = amount(*node, plan.key + ": price")) {
                plan.prices.push_back({plan.key, BillingCycle::one_time, *money});
            }
        } else {
            wrong(&table, "{}: price is missing", plan.key);
        }
        catalogue_.plans.push_back(std::move(plan));
    }

    // Whoever loses a plan falls back to the free one of the family, so there must be exactly one.
    void check_families() {
        std::map<std::string, int> free_plans;
        for (const Plan& plan : catalogue_.plans) {
            if (plan.kind == PlanKind::plan) free_plans[plan.family] += plan.prices.empty() ? 1 : 0;
        }
        const int in_main = free_plans.contains("main") ? free_plans.at("main") : 0;
        if (in_main == 0 && problems_.empty()) {
            wrong(nullptr,
                  "there is no free plan (a [[plan]] without prices): people without a "
                  "subscription need one");
        }
        for (const auto& [family, count] : free_plans) {
            if (count > 1)
                wrong(nullptr, "family \"{}\" has {} free plans; only one can be the fall-back",
                      family, count);
        }
    }

    std::string file_name_;
    Currency currency_ = Currency::usd();
    Catalogue catalogue_;
    std::set<std::string> keys_;
    std::vector<std::string> problems_;
};

}  // namespace

std::string_view to_string(PlanKind kind) {
    switch (kind) {
        case PlanKind::plan:
            return "plan";
        case PlanKind::top_up:
            return "top_up";
        case PlanKind::product:
            return "product";
    }
    PD_ASSERT(false);
}

std::string_view to_string(Aggregation aggregation) {
    return aggregations.at(static_cast<std::size_t>(aggregation));
}

std::string_view to_string(UsageCharge charge) {
    return usage_charges.at(static_cast<std::size_t>(charge));
}

std::string_view to_string(BillingCycle cycle) {
    switch (cycle) {
        case BillingCycle::monthly:
            return "monthly";
        case BillingCycle::yearly:
            return "yearly";
        case BillingCycle::one_time:
            return "one_time";
    }
    PD_ASSERT(false);
}

std::optional<std::string> interval_of(BillingCycle cycle) {
    if (cycle == BillingCycle::one_time) return std::nullopt;
    return cycle == BillingCycle::monthly ? "month" : "year";
}

Result<Catalogue> parse_plans(std::string_view text, std::string_view file_name) {
    const toml::parse_result file = toml::parse(text, file_name);
    if (!file) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("{}:{}: not TOML: {}", file_name, file.error().source().begin.line,
                                 file.error().description())};
    }
    Reader reader(file_name);
    Catalogue catalogue = reader.read(file.table());
    if (!reader.problems().empty()) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("{}", fmt::join(reader.problems(), "\n"))};
    }
    return catalogue;
}

Result<Catalogue> read_plans(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::error_code failure;
    const auto size = std::filesystem::file_size(file, failure);
    if (!stream || failure) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("{} cannot be read. Set PAYDESK_PLANS to the catalogue's file.",
                                 file.string())};
    }
    if (size > plans_file_bytes_max) {
        return Error{ErrorCode::invalid_input, fmt::format("{} is larger than {} bytes",
                                                           file.string(), plans_file_bytes_max)};
    }
    std::ostringstream text;
    text << stream.rdbuf();
    return parse_plans(text.str(), file.filename().string());
}

}  // namespace paydesk::catalog
