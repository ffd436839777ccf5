#pragma once
// Stripe's request encoding: application/x-www-form-urlencoded with nesting by brackets.
//
// The bytes are the same as those of the official SDK (stripe-node 23.1.0, utils.js):
// `line_items[0][price]=price_1&success_url=https%3A%2F%2Fa.example%2F%3Fq%3D1%202`. Arrays are
// indexed, brackets stay as they are, a space is %20. The order is the order of the calls.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace paydesk::provider::stripe {

class Form {
public:
    // `key` has its brackets already: "metadata[user_id]". An empty value unsets the field at
    // Stripe: what shall not be touched is not set. Returns *this.
    Form& set(std::string key, std::string value);
    Form& set(std::string key, const char* value) {
        return set(std::move(key), std::string(value));
    }
    Form& set(std::string key, std::string_view value) {
        return set(std::move(key), std::string(value));
    }
    Form& set(std::string key, bool value) { return set(std::move(key), value ? "true" : "false"); }
    Form& set(std::string key, std::int64_t value) {
        return set(std::move(key), std::to_string(value));
    }
    Form& set(std::string key, int value) { return set(std::move(key), std::int64_t{value}); }

    // Sets nothing when there is nothing.
    template <class Value>
    Form& set(std::string key, const std::optional<Value>& value) {
        return value ? set(std::move(key), *value) : *this;
    }

    bool empty() const { return fields_.empty(); }
    std::string encode() const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

// Percent-encodes everything but letters, digits and -_.~ (and brackets, in a form).
std::string encode_path_segment(std::string_view text);

}  // namespace paydesk::provider::stripe
