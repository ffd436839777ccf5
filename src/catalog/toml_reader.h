#pragma once
// Values of a TOML file, read one by one: what is wrong is remembered with its line, and reading goes on. Private to
// catalog/.

#define TOML_EXCEPTIONS 0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"

namespace paydesk::catalog {

inline constexpr std::size_t name_bytes_max = 100;
inline constexpr std::size_t text_bytes_max = 1'000;
inline constexpr std::size_t entries_max = 50;  // of a list or a table

// [a-z][a-z0-9_]*, at most 60.
bool is_key(std::string_view text);

// `where` names the place for people, such as "pro: usage.api_calls".
class TomlReader {
public:
    explicit TomlReader(std::string_view file_name) : file_name_(file_name) {}

    const std::vector<std::string>& problems() const { return problems_; }
    Currency currency() const { return currency_; }  // of all amounts
    void set_currency(Currency currency) { currency_ = currency; }

    template <class... Args>
    void wrong(const toml::node* node, fmt::format_string<Args...> format, Args&&... args) {
        const auto line = node != nullptr ? node->source().begin.line : 0;
        const auto place =
            line > 0 ? fmt::format("{}:{}: ", file_name_, line) : fmt::format("{}: ", file_name_);
        problems_.push_back(place + fmt::format(format, std::forward<Args>(args)...));
    }

    // Names what is not `known` here.
    void only(const toml::table& table, std::initializer_list<std::string_view> known,
              std::string_view where);
    // Each [[name]].
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
                                    std::size_t bytes_max = text_bytes_max);
    // `least` where it is missing.
    std::int64_t whole(const toml::table& table, std::string_view name, std::string_view where,
                       std::int64_t least, std::int64_t most);
    // Text of the form of a key, `fallback` where it is missing.
    std::string word(const toml::table& table, std::string_view name, std::string_view where,
                     std::string fallback);
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

    // The key of a plan, a top-up or a product: each once in the file.
    std::optional<std::string> key(const toml::table& table, std::string_view kind);
    std::optional<Money> amount(const toml::node& node, const std::string& where);
    // A number of units: whole, or text where it has decimals.
    std::optional<Decimal> units(const toml::table& table, std::string_view name,
                                 const std::string& where);
    // An amount for a unit: of minor units, with all its decimals.
    std::optional<Decimal> unit_price(const toml::table& table, std::string_view name,
                                      const std::string& where);

private:
    std::string file_name_;
    Currency currency_ = Currency::usd();
    std::set<std::string> keys_;
    std::vector<std::string> problems_;
};

}  // namespace paydesk::catalog
