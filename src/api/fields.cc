#include "api/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <ranges>

#include "base/ids.h"
#include "base/json.h"
#include "base/money.h"
#include "http/server.h"

namespace paydesk::api {
namespace {

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    std::erase_if(result, [](char c) { return c == '_' || c == '-'; });
    return result;
}

}  // namespace

BodyFields::BodyFields(std::string_view body) {
    if (body.size() > body_bytes_max) {
        unreadable_ = http::problem({ErrorCode::body_too_large,
                                     fmt::format("The body may have {} bytes.", body_bytes_max)});
        return;
    }
    if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
    auto parsed = parse_json(body, body_bytes_max);
    if (!parsed) {
        unreadable_ = http::problem({ErrorCode::malformed_request, parsed.error().message});
    } else if (!parsed->is_object()) {
        unreadable_ =
            http::problem({ErrorCode::malformed_request, "The body must be a JSON object."});
    } else {
        object_ = std::move(parsed->as_object());
    }
}

const json::value* BodyFields::find(std::string_view field) {
    known_.emplace(field);
    const json::value* value = object_.if_contains(field);
    return value == nullptr || value->is_null() ? nullptr : value;
}

void BodyFields::wrong(std::string_view field, std::string message) {
    errors_.push_back({std::string(field), std::move(message)});
}

std::optional<std::string> BodyFields::text(std::string_view field, std::size_t bytes_max) {
    const json::value* value = find(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        wrong(field, "must be text.");
    } else if (value->as_string().empty() || value->as_string().size() > bytes_max) {
        wrong(field, fmt::format("must have 1 to {} bytes of UTF-8.", bytes_max));
    } else if (has_control_characters(value->as_string())) {
        wrong(field, "must not hold control characters.");
    } else {
        return std::string(value->as_string());
    }
    return std::nullopt;
}

std::optional<std::string> BodyFields::lines(std::string_view field, std::size_t bytes_max) {
    const json::value* value = find(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string() || value->as_string().empty() ||
        value->as_string().size() > bytes_max) {
        wrong(field, fmt::format("must be text of 1 to {} characters.", bytes_max));
        return std::nullopt;
    }
    std::string text(value->as_string());
    std::string visible = text;
    std::erase_if(visible, [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
    if (!has_control_characters(visible)) return text;
    wrong(field, "must not hold control characters other than line breaks and tabs.");
    return std::nullopt;
}

std::optional<std::string> BodyFields::choice(std::string_view field,
                                              std::initializer_list<std::string_view> choices) {
    const json::value* value = find(field);
    if (value == nullptr) return std::nullopt;
    if (value->is_string() &&
        std::ranges::find(choices, std::string_view(value->as_string())) != choices.end()) {
        return std::string(value->as_string());
    }
    wrong(field, fmt::format("must be one of {}.", fmt::join(choices, ", ")));
    return std::nullopt;
}

std::optional<std::int64_t> BodyFields::integer(std::string_view field, std::int64_t least,
                                                std::int64_t most) {
    const json::value* value = find(field);
    if (value == nullptr) return std::nullopt;
    const auto number = int_at(*value, {});
    if (number && *number >= least && *number <= most) return number;
    wrong(field, fmt::format("must be a whole number from {} to {}.", least, most));
    return std::nullopt;
}

std::optional<bool> BodyFields::flag(std::string_view field) {
    const json::value* value = find(field);
    if (value == nullptr) return std::nullopt;
    if (value->is_bool()) return value->as_bool();
    wrong(field, "must be true or false.");
    return std::nullopt;
}

std::optional<std::string> BodyFields::uuid(std::string_view field) {
    const json::value* value = find(field);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) {
        if (auto id = parse_uuid(value->as_string())) return *id;
    }
    wrong(field, "must be a UUID.");
    return std::nullopt;
}

std::optional<std::vector<std::string>> BodyFields::uuids(std::string_view field,
                                                          std::size_t count_max) {
    const json::value* value = find(field);
    if (value == nullptr) return std::nullopt;
    std::vector<std::string> ids;
    if (value->is_array() && !value->as_array().empty() && value->as_array().size() <= count_max) {
        for (const json::value& element : value->as_array()) {
            if (!element.is_string()) break;
            auto id = parse_uuid(element.as_string());
            if (!id) break;
            ids.push_back(std::move(*id));
        }
        if (ids.size() == value->as_array().size()) return ids;
    }
    wrong(field, fmt::format("must be a list of 1 to {} UUIDs.", count_max));
    return std::nullopt;
}

std::optional<http::Response> BodyFields::refused() {
    if (unreadable_) return unreadable_;
    for (const auto& [key, value] : object_) {
        if (known_.contains(std::string_view(key))) continue;
        const auto meant = std::ranges::find_if(
            known_, [&](const auto& name) { return lower(name) == lower(key); });
        wrong(key, meant != known_.end()
                       ? fmt::format("is not known; did you mean {}?", *meant)
                       : fmt::format("is not known; known are {}.", fmt::join(known_, ", ")));
    }
    if (errors_.empty()) return std::nullopt;
    return field_problem(errors_);
}

QueryFields::QueryFields(std::string_view query) : fields_(http::parse_form(query)) {}

std::optional<std::string> QueryFields::find(std::string_view field) const {
    for (const auto& [name, value] : std::views::reverse(fields_)) {
        if (name == field) return value;
    }
    return std::nullopt;
}

std::int64_t QueryFields::integer(std::string_view field, std::int64_t least, std::int64_t most,
                                  std::int64_t fallback) {
    const auto text = find(field);
    if (!text) return fallback;
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (failure == std::errc{} && end == text->data() + text->size() && number >= least &&
        number <= most) {
        return number;
    }
    errors_.push_back(
        {std::string(field), fmt::format("must be a whole number from {} to {}.", least, most)});
    return fallback;
}

bool QueryFields::flag(std::string_view field) {
    const auto text = find(field);
    if (!text || *text == "false" || *text == "0") return false;
    if (*text != "true" && *text != "1" && !text->empty()) {
        errors_.push_back({std::string(field), "must be true or false."});
    }
    return true;
}

std::optional<std::string> QueryFields::uuid(std::string_view field) {
    const auto text = find(field);
    if (!text) return std::nullopt;
    if (auto id = parse_uuid(*text)) return *id;
    errors_.push_back({std::string(field), "must be a UUID."});
    return std::nullopt;
}

std::optional<std::string> QueryFields::choice(std::string_view field,
                                               std::initializer_list<std::string_view> choices) {
    const auto text = find(field);
    if (!text || std::ranges::find(choices, std::string_view(*text)) != choices.end()) return text;
    errors_.push_back(
        {std::string(field), fmt::format("must be one of {}.", fmt::join(choices, ", "))});
    return std::nullopt;
}

std::optional<Instant> QueryFields::instant(std::string_view field) {
    const auto text = find(field);
    if (!text) return std::nullopt;
    if (const auto parsed = parse_iso8601(*text)) return *parsed;
    errors_.push_back({std::string(field), "must be an instant such as 2026-11-20T12:34:56Z."});
    return std::nullopt;
}

std::optional<std::string> QueryFields::line(std::string_view field, std::size_t bytes_max) {
    auto text = find(field);
    if (!text || text->empty()) return std::nullopt;
    // Not all that a URL can hold is text.
    if (text->size() <= bytes_max && !has_control_characters(*text) && is_utf8(*text)) return text;
    errors_.push_back({std::string(field),
                       fmt::format("must be one line of at most {} bytes of UTF-8.", bytes_max)});
    return std::nullopt;
}

std::optional<std::string> QueryFields::currency(std::string_view field) {
    const auto text = find(field);
    if (!text) return std::nullopt;
    if (const auto known = Currency::parse(*text)) return known->lower_code();
    errors_.push_back({std::string(field), "must be a currency such as usd."});
    return std::nullopt;
}

std::optional<std::string> QueryFields::required_text(std::string_view field,
                                                      std::size_t bytes_max) {
    auto text = find(field);
    const auto is_printable = [](char c) { return c > 0x20 && c < 0x7f; };
    if (!text || text->empty()) {
        errors_.push_back({std::string(field), "is missing."});
    } else if (text->size() > bytes_max || !std::ranges::all_of(*text, is_printable)) {
        errors_.push_back(
            {std::string(field),
             fmt::format("must be at most {} printable characters of ASCII.", bytes_max)});
    } else {
        return text;
    }
    return std::nullopt;
}

std::optional<std::string> QueryFields::required_choice(
    std::string_view field, std::initializer_list<std::string_view> choices) {
    if (!find(field)) {
        errors_.push_back(
            {std::string(field), fmt::format("is missing: one of {}.", fmt::join(choices, ", "))});
    }
    return choice(field, choices);
}

std::optional<http::Response> QueryFields::refused() const {
    if (errors_.empty()) return std::nullopt;
    return field_problem(errors_);
}

}  // namespace paydesk::api
