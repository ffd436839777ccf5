#include "api/usage_json.h"

#include "base/json.h"

namespace paydesk::api {

JsonText& JsonText::member(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    text_.append("\"").append(name).append("\":");
    return *this;
}

JsonText& JsonText::text(std::string_view name, std::string_view value) {
    member(name);
    text_ += json::serialize(json::string(value));
    return *this;
}
JsonText& JsonText::text_or_null(std::string_view name, const std::optional<std::string>& value) {
    return value ? text(name, std::string_view(*value)) : raw(name, "null");
}
JsonText& JsonText::number(std::string_view name, std::int64_t value) {
    return raw(name, std::to_string(value));
}
JsonText& JsonText::number(std::string_view name, Decimal value) {
    return raw(name, value.to_string());
}
JsonText& JsonText::flag(std::string_view name, bool value) {
    return raw(name, value ? "true" : "false");
}
JsonText& JsonText::raw(std::string_view name, std::string_view json) {
    member(name);
    text_ += json;
    return *this;
}
std::string JsonText::done() {
    text_ += '}';
    return std::move(text_);
}

std::string json_list(const std::vector<std::string>& elements) {
    std::string list = "[";
    for (const std::string& element : elements) {
        if (list.size() > 1) list += ',';
        list += element;
    }
    return list + "]";
}

http::Response json_text_response(std::string body) {
    return {.status = 200, .body = std::move(body)};
}

std::string errors_json(const std::vector<usage::FieldError>& errors) {
    std::vector<std::string> list;
    for (const usage::FieldError& error : errors) {
        list.push_back(JsonText()
                           .text("field", error.field)
                           .text("message", error.message)
                           .text("code", error.code)
                           .done());
    }
    return json_list(list);
}

std::string result_json(const usage::Recorded& recorded) {
    if (recorded.outcome == usage::Outcome::conflict) {
        return result_json({
            {"idempotencyKey",
             "has counted before with another metric, quantity or value. Use a new key.", "idempotency_key_reused"}
        });
    }
    JsonText json;
    json.text("status", recorded.outcome == usage::Outcome::duplicate ? "duplicate" : "recorded");
    if (recorded.is_late) json.flag("late", true);
    return json.done();
}

std::string result_json(const std::vector<usage::FieldError>& errors) {
    return JsonText()
        .text("status", "rejected")
        .text("code", errors.front().code)
        .raw("errors", errors_json(errors))
        .done();
}

std::string limit_json(std::string_view metric, bool allowed, Decimal used, usage::Limit limit,
                       const usage::Period& period) {
    Decimal left;
    if (limit.limit >= 0) {
        const auto difference = Decimal::from_int(limit.limit).minus(used);
        if (difference && !difference->is_negative()) left = *difference;
    }
    JsonText json;
    json.flag("allowed", allowed).number("used", used).number("limit", limit.limit);
    if (limit.limit >= 0)
        json.number("remaining", left);
    else
        json.raw("remaining", "null");
    json.text("limit_kind", limit.is_soft ? "soft" : "hard")
        .text("metric_name", metric)
        .text("billing_period_start", to_iso8601(period.start))
        .text("billing_period_end", to_iso8601(period.end));
    return json.done();
}

std::string record_json(const usage::Event& event, const usage::Recorded& recorded, Instant now) {
    const auto instant = [](const std::optional<usage::Period>& period,
                            Instant usage::Period::* end) {
        return period ? std::optional(to_iso8601((*period).*end)) : std::nullopt;
    };
    JsonText json;
    json.text("id", event.key)
        .text("user_id", event.account.value)
        .text("metric_name", event.metric)
        .number("quantity", event.quantity)
        .text("timestamp", to_iso8601(event.occurred_at))
        .text_or_null("billing_period_start", instant(recorded.period, &usage::Period::start))
        .text_or_null("billing_period_end", instant(recorded.period, &usage::Period::end))
        .flag("late", recorded.is_late)
        .text("created_at", to_iso8601(now))
        .raw("metadata", event.metadata.value_or("null"));
    return json.done();
}

}  // namespace paydesk::api
