#include "provider/paypal/reading.h"

#include <fmt/format.h>

#include "provider/paypal/amount.h"

namespace paydesk::provider::paypal {

std::optional<std::string> text_at(const json::value& object, Path path) {
    const json::value* value = at_path(object, path);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    std::string text = without_nul(value->get_string());
    if (text.empty()) return std::nullopt;
    return text;
}

std::optional<Ref> ref_at(const json::value& object, Path path) {
    auto id = text_at(object, path);
    if (!id) return std::nullopt;
    return Ref{std::move(*id)};
}

std::optional<Instant> instant_at(const json::value& object, Path path) {
    const auto at = parse_iso8601(text_at(object, path).value_or(""));
    return at ? std::optional(*at) : std::nullopt;
}

std::optional<AccountId> account_at(const json::value& object, Path path) {
    const auto uuid = parse_uuid(text_at(object, path).value_or(""));
    return uuid ? std::optional(AccountId{*uuid}) : std::nullopt;
}

const json::array& array_at(const json::value& object, Path path) {
    static const json::array none;
    const json::value* list = at_path(object, path);
    return list != nullptr && list->is_array() ? list->get_array() : none;
}

Result<Money> money_at(const json::value& object, Path path) {
    const Error missing{ErrorCode::webhook_payload_invalid,
                        "PayPal's object lacks a usable amount.",
                        fmt::format("no usable {}", fmt::join(path, "."))};
    const json::value* money = at_path(object, path);
    if (money == nullptr) return missing;
    auto currency = text_at(*money, {"currency_code"});
    if (!currency) currency = text_at(*money, {"currency"});
    auto value = text_at(*money, {"value"});
    if (!value) value = text_at(*money, {"total"});
    if (!currency || !value) return missing;
    auto amount = from_paypal(*value, *currency);
    if (!amount) {
        return Error{ErrorCode::webhook_payload_invalid, missing.message,
                     fmt::format("{}: {} {}: {}", missing.detail, *value, *currency,
                                 amount.error().message)};
    }
    return *amount;
}

std::optional<std::string> link_at(const json::value& object,
                                   std::initializer_list<std::string_view> rels) {
    for (const std::string_view rel : rels) {
        for (const json::value& link : array_at(object, {"links"})) {
            if (text_at(link, {"rel"}) == rel) return text_at(link, {"href"});
        }
    }
    return std::nullopt;
}

std::optional<std::string> approval_link(const json::value& object) {
    return link_at(object, {"payer-action", "approve"});
}

std::optional<Ref> ref_in_link(const std::optional<std::string>& href,
                               std::string_view collection) {
    if (!href) return std::nullopt;
    const std::string before = fmt::format("/{}/", collection);
    const auto found = href->rfind(before);
    if (found == std::string::npos) return std::nullopt;
    std::string id = href->substr(found + before.size());
    if (id.empty() || id.find('/') != std::string::npos) return std::nullopt;
    return Ref{std::move(id)};
}

Error unusable(std::string_view what, const json::value& object, std::string_view why) {
    auto id = text_at(object, {"id"});
    if (!id) id = text_at(object, {"dispute_id"});
    return {ErrorCode::webhook_payload_invalid, "The signed webhook body is not a usable event.",
            fmt::format("{} {} {}", what, id.value_or("without id"), why)};
}

}  // namespace paydesk::provider::paypal
