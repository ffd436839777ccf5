#include "provider/stripe/reading.h"

#include <fmt/format.h>

#include "provider/stripe/amount.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::int64_t year_10000 = 253'402'300'800;

std::optional<std::string> clean(const json::value* value) {
    if (value == nullptr || !value->is_string() || value->get_string().empty()) return std::nullopt;
    std::string text = without_nul(value->get_string());
    if (text.empty()) return std::nullopt;
    return text;
}

}  // namespace

std::optional<std::string> text_at(const json::value& object, Path path) {
    return clean(at_path(object, path));
}

std::optional<Ref> ref_at(const json::value& object, Path path) {
    const json::value* value = at_path(object, path);
    if (value == nullptr) return std::nullopt;
    const auto id = value->is_object() ? text_at(*value, {"id"}) : clean(value);
    if (!id) return std::nullopt;
    return Ref{*id};
}

std::optional<Instant> instant_at(const json::value& object, Path path) {
    const auto seconds = int_at(object, path);
    if (!seconds || *seconds < 0 || *seconds >= year_10000) return std::nullopt;
    return from_unix(*seconds);
}

std::optional<AccountId> account_at(const json::value& object, Path metadata) {
    const json::value* fields = at_path(object, metadata);
    if (fields == nullptr) return std::nullopt;
    for (const std::string_view key : {"account_id", "user_id", "supabase_user_id"}) {
        const auto text = text_at(*fields, {key});
        if (!text) continue;
        if (const auto uuid = parse_uuid(*text)) return AccountId{*uuid};
    }
    return std::nullopt;
}

const json::array& list_at(const json::value& object, Path path) {
    static const json::array none;
    const json::value* list = at_path(object, path);
    const json::value* data = list == nullptr ? nullptr : at_path(*list, {"data"});
    return data != nullptr && data->is_array() ? data->get_array() : none;
}

Error unusable(const json::value& object, std::string_view why) {
    return {ErrorCode::webhook_payload_invalid, "The signed webhook body is not a usable event.",
            fmt::format("{} {} {}", text_at(object, {"object"}).value_or("object"),
                        text_at(object, {"id"}).value_or("without id"), why)};
}

AmountReader::AmountReader(const json::value& object) : object_(object) {
    const auto code = text_at(object, {"currency"});
    const auto currency = Currency::parse(code.value_or(""));
    if (currency) {
        currency_ = *currency;
    } else {
        error_ = unusable(object, fmt::format("has an unknown currency '{}'", code.value_or("")));
    }
}

Money AmountReader::read(std::string_view field) { return read(object_, field); }

Money AmountReader::read(const json::value& element, std::string_view field) {
    const auto amount = int_at(element, {field});
    if (amount) {
        const auto money = from_stripe(*amount, currency_);
        if (money) return *money;
        if (!error_) error_ = unusable(object_, fmt::format("{}: {}", field, money.error().detail));
    } else if (!error_) {
        error_ = unusable(object_, fmt::format("has no usable {}", field));
    }
    return Money::zero(currency_);
}

}  // namespace paydesk::provider::stripe
