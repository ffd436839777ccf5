#include "catalog/toml_reader.h"

namespace paydesk::catalog {

bool is_key(std::string_view text) {
    if (text.empty() || text.size() > 60 || text.front() < 'a' || text.front() > 'z') return false;
    return std::ranges::all_of(
        text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void TomlReader::only(const toml::table& table, std::initializer_list<std::string_view> known,
                      std::string_view where) {
    for (const auto& [key, node] : table) {
        if (std::ranges::find(known, key.str()) != known.end()) continue;
        wrong(&node, "{}: \"{}\" is not known here; known are {}", where, key.str(),
              fmt::join(known, ", "));
    }
}

std::optional<std::string> TomlReader::text(const toml::table& table, std::string_view name,
                                            std::string_view where, bool required,
                                            std::size_t bytes_max) {
    const toml::node* node = table.get(name);
    if (node == nullptr) {
        if (required) wrong(&table, "{}: {} is missing", where, name);
        return std::nullopt;
    }
    const auto value = node->value_exact<std::string>();
    if (!value) {
        wrong(node, "{}: {} must be text in quotes", where, name);
    } else if (value->empty() || value->size() > bytes_max) {
        wrong(node, "{}: {} must have 1 to {} bytes of UTF-8; it has {}", where, name, bytes_max,
              value->size());
        return std::nullopt;
    }
    return value;
}

std::int64_t TomlReader::whole(const toml::table& table, std::string_view name,
                               std::string_view where, std::int64_t least, std::int64_t most) {
    const toml::node* node = table.get(name);
    if (node == nullptr) return least;
    const auto value = node->value_exact<std::int64_t>();
    if (value && *value >= least && *value <= most) return *value;
    wrong(node, "{}: {} must be a whole number from {} to {}", where, name, least, most);
    return least;
}

std::string TomlReader::word(const toml::table& table, std::string_view name,
                             std::string_view where, std::string fallback) {
    auto value = text(table, name, where, false);
    if (!value) return fallback;
    if (is_key(*value)) return *value;
    wrong(table.get(name), "{}: {} \"{}\": use a-z, 0-9 and _", where, name, *value);
    return fallback;
}

std::optional<std::string> TomlReader::key(const toml::table& table, std::string_view kind) {
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

std::optional<Money> TomlReader::amount(const toml::node& node, const std::string& where) {
    const auto value = node.value_exact<std::string>();
    if (!value) {
        wrong(&node, "{}: write the amount as text, such as \"49.00\"", where);
        return std::nullopt;
    }
    const auto money = Money::parse(*value, currency_);
    if (!money) {
        wrong(&node, "{}: \"{}\" is not an exact amount in {}", where, *value, currency_.code());
        return std::nullopt;
    }
    if (money->minor_units() <= 0) {
        wrong(&node, "{}: must be more than zero; a plan without prices is free", where);
        return std::nullopt;
    }
    return *money;
}

std::optional<Decimal> TomlReader::units(const toml::table& table, std::string_view name,
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

std::optional<Decimal> TomlReader::unit_price(const toml::table& table, std::string_view name,
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

}  // namespace paydesk::catalog
