#include "usage/event_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace paydesk::usage {
namespace {

using catalog::Aggregation;

bool is_clean(std::string_view text, std::size_t bytes_max) {
    return !text.empty() && text.size() <= bytes_max && std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Crockford's alphabet: digits and letters without I, L, O, U.
int base32_digit(char c) {
    constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    const auto at = alphabet.find(upper);
    return at == alphabet.npos ? -1 : static_cast<int>(at);
}

Instant from_milliseconds(std::int64_t milliseconds) {
    return Instant{std::chrono::milliseconds{milliseconds}};
}

std::optional<Instant> time_in_uuid(std::string_view key) {
    if (key.size() != 36 || key[8] != '-' || key[13] != '-' || key[18] != '-' || key[23] != '-' ||
        key[14] != '7')
        return std::nullopt;
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) continue;
        const int digit = hex_digit(key[i]);
        if (digit < 0) return std::nullopt;
        if (i < 13) milliseconds = milliseconds * 16 + digit;
    }
    return from_milliseconds(milliseconds);
}

std::optional<Instant> time_in_ulid(std::string_view key) {
    if (key.size() != 26 || key[0] > '7') return std::nullopt;
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const int digit = base32_digit(key[i]);
        if (digit < 0) return std::nullopt;
        if (i < 10) milliseconds = milliseconds * 32 + digit;
    }
    const Instant time = from_milliseconds(milliseconds);
    // 2000 to 2100: what lies outside is a word that happens to look like one.
    if (time < from_unix(946'684'800) || time >= from_unix(4'102'444'800)) return std::nullopt;
    return time;
}

// One event on its way.
class Acceptance {
public:
    Acceptance(EventInput input, const Rules& rules)
        : input_(std::move(input)), rules_(rules), errors_(std::move(input_.errors)) {}

    std::variant<Event, std::vector<FieldError>> run() {
        if (errors_.empty() || !errors_.front().field.empty()) {
            account();
            metric();
            quantity();
            value();
            time_and_key();
            event_.metadata = std::move(input_.metadata);
        }
        if (!errors_.empty()) return std::move(errors_);
        return std::move(event_);
    }

private:
    void wrong(std::string field, std::string message, std::string_view code = "invalid_input") {
        errors_.push_back({std::move(field), std::move(message), code});
    }

    void account() {
        if (input_.account && !rules_.is_service) {
            wrong("accountId", "is for services: a user's own account is in the token.");
        } else if (input_.account) {
            if (auto id = parse_uuid(*input_.account)) {
                event_.account = {std::move(*id)};
            } else {
                wrong("accountId", "must be a UUID.");
            }
        } else if (rules_.account) {
            event_.account = *rules_.account;
        } else {
            wrong("accountId",
                  "is missing: name the account here or in the header Paydesk-Account.");
        }
    }

    void metric() {
        if (!input_.metric) return wrong("metric", "is missing.");
        metric_ = rules_.metrics.find(*input_.metric);
        if (metric_ == nullptr) {
            wrong("metric",
                  fmt::format("\"{}\" is not counted: plans.toml has no [[meter]] of this key.",
                              is_clean(*input_.metric, 60) ? *input_.metric : "..."),
                  "unknown_metric");
        } else {
            event_.metric = metric_->key;
        }
    }

    void quantity() {
        event_.quantity = Decimal::from_int(1);
        if (input_.quantity) {
            const auto parsed = parse_quantity(*input_.quantity);
            if (!parsed) return wrong("quantity", parsed.error().message);
            event_.quantity = *parsed;
        }
        if (metric_ == nullptr) return;
        const bool keeps_level =
            metric_->aggregation == Aggregation::max || metric_->aggregation == Aggregation::last;
        if (event_.quantity.is_zero() && !keeps_level) wrong("quantity", "must be more than zero.");
        if (!event_.quantity.is_negative()) return;
        if (!rules_.is_service) {
            wrong("quantity", "must be more than zero: corrections are for services.");
        } else if (metric_->aggregation != Aggregation::sum) {
            wrong("quantity", fmt::format("must be more than zero: of {} only the {} is counted.",
                                          metric_->key, to_string(metric_->aggregation)));
        }
    }

    void value() {
        const bool counts_values =
            metric_ != nullptr && metric_->aggregation == Aggregation::unique;
        if (!input_.value) {
            if (counts_values)
                wrong("value", fmt::format("is missing: {} counts distinct values, such as the ids "
                                           "of active people.",
                                           metric_->key));
        } else if (!is_clean(*input_.value, unique_value_bytes_max)) {
            wrong("value",
                  fmt::format("must have 1 to {} bytes of UTF-8 and no control characters.",
                              unique_value_bytes_max));
        } else if (counts_values) {
            event_.unique_value = std::move(input_.value);
        } else if (metric_ != nullptr) {
            wrong("value",
                  fmt::format("is for metrics that count distinct values; {} counts the {}.",
                              metric_->key, to_string(metric_->aggregation)));
        }
    }

    void time_and_key() {
        if (!input_.key && rules_.key) input_.key = rules_.key;
        if (input_.key && !is_clean(*input_.key, key_bytes_max)) {
            return wrong("idempotencyKey",
                         fmt::format("must have 1 to {} bytes of UTF-8 and no control characters.",
                                     key_bytes_max));
        }
        if (!input_.key && rules_.is_service) {
            return wrong("idempotencyKey",
                         "is missing: a service says which event this is, so that it counts once "
                         "however often it is sent.");
        }
        event_.occurred_at = rules_.now;
        const auto in_key = input_.key ? time_in_key(*input_.key) : std::nullopt;
        if (input_.timestamp) {
            const auto parsed = parse_iso8601(*input_.timestamp);
            if (!parsed) {
                return wrong("timestamp",
                             "must be an instant with its offset, such as "
                             "2026-11-20T12:34:56Z.");
            }
            event_.occurred_at = *parsed;
        } else if (in_key) {
            event_.occurred_at = *in_key;
        }
        within_window(input_.timestamp ? "timestamp" : "idempotencyKey");
        event_.is_undated = input_.key && !input_.timestamp && !in_key;
        event_.key = input_.key ? std::move(*input_.key) : uuid_v7(rules_.now);
    }

    // Older ones are refused, never counted again: their keys may be forgotten.
    void within_window(const char* field) {
        const Instant at = event_.occurred_at;
        if (at < rules_.now - rules_.past_max) {
            wrong(field,
                  fmt::format(
                      "{} is too old: events count for {} days. Send a correction with a time "
                      "of now and a key of its own.",
                      to_iso8601(at), rules_.past_max.count()),
                  "too_old");
        } else if (at > rules_.now + future_max) {
            wrong(
                field,
                fmt::format("{} is in the future: at most {} minutes are taken for a wrong clock.",
                            to_iso8601(at), future_max.count()),
                "in_the_future");
        }
    }

    EventInput input_;
    const Rules& rules_;
    std::vector<FieldError> errors_;
    Event event_ = {};
    const Metric* metric_ = nullptr;
};

Error not_a_quantity(std::string_view text) {
    return {ErrorCode::invalid_input,
            fmt::format("\"{}\" is not a quantity: write digits, with at most {} decimals.",
                        is_clean(text, 60) ? text : "...", Decimal::scale)};
}

// "1.25e3" -> "1250". JSON writes large and small numbers so. Nothing where it leaves 40 digits.
std::optional<std::string> without_exponent(std::string_view text) {
    const std::size_t mark = text.find_first_of("eE");
    if (mark == text.npos) return std::string(text);
    std::string_view power = text.substr(mark + 1), mantissa = text.substr(0, mark);
    if (power.starts_with('+')) power.remove_prefix(1);
    int exponent = 0;
    const auto [end, failure] =
        std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (failure != std::errc{} || end != power.data() + power.size() || std::abs(exponent) > 40)
        return std::nullopt;
    const bool negative = mantissa.starts_with('-');
    if (negative) mantissa.remove_prefix(1);
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    std::string digits(mantissa.substr(0, point));
    if (point < mantissa.size()) digits += mantissa.substr(point + 1);
    if (digits.size() > 40) return std::nullopt;
    const int whole = static_cast<int>(point) + exponent;
    if (whole <= 0) digits.insert(0, static_cast<std::size_t>(1 - whole), '0');
    const auto place = static_cast<std::size_t>(std::max(whole, 1));
    if (digits.size() < place) digits.append(place - digits.size(), '0');
    if (digits.size() > place) {
        digits.insert(place, ".");
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.ends_with('.')) digits.pop_back();
    }
    return (negative ? "-" : "") + digits;
}

}  // namespace

Result<Decimal> parse_quantity(std::string_view text) {
    const auto plain = without_exponent(text);
    if (!plain) return not_a_quantity(text);
    const auto parsed = Decimal::parse(*plain);
    if (!parsed) return not_a_quantity(text);
    const Decimal most = Decimal::from_int(quantity_max);
    if (*parsed > most || *parsed < Decimal::from_int(-quantity_max)) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("One event may have at most {} units.", quantity_max)};
    }
    return *parsed;
}

std::optional<Instant> time_in_key(std::string_view key) {
    const auto in_uuid = time_in_uuid(key);
    return in_uuid ? in_uuid : time_in_ulid(key);
}

std::variant<Event, std::vector<FieldError>> accept(EventInput input, const Rules& rules) {
    return Acceptance(std::move(input), rules).run();
}

}  // namespace paydesk::usage
