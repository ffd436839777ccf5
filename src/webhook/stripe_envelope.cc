// What a Stripe event says about itself. provider/stripe/normalise reads the rest, later.

#include "webhook/receiver.h"

namespace paydesk::webhook {

namespace {

// Stripe's names for objects -> ours; what is not here is `other`.
provider::ObjectKind kind_of(std::string_view object) {
    using enum provider::ObjectKind;
    struct Spelling {
        std::string_view stripe;
        provider::ObjectKind kind;
    };
    static constexpr Spelling spellings[] = {
        {"customer",         customer      },
        {"subscription",     subscription  },
        {"invoice",          invoice       },
        {"payment_method",   payment_method},
        {"checkout.session", checkout      },
        {"charge",           charge        },
        {"refund",           refund        },
        {"dispute",          dispute       },
    };
    for (const auto& spelling : spellings) {
        if (spelling.stripe == object) return spelling.kind;
    }
    return other;
}

Error not_an_event(std::string detail) {
    return {ErrorCode::webhook_payload_invalid,
            "The signed body is not a Stripe event: " + detail + ".", std::move(detail)};
}

// Seconds since 1970; thin events write it as RFC 3339.
std::optional<Instant> created_of(const json::value& event) {
    if (const auto seconds = int_at(event, {"created"})) {
        const bool sane = *seconds >= 0 && *seconds < 253'402'300'800;  // the year 10000
        return sane ? std::optional(from_unix(*seconds)) : std::nullopt;
    }
    if (const auto text = string_at(event, {"created"})) {
        if (const auto instant = parse_iso8601(*text)) {
            return std::chrono::floor<std::chrono::seconds>(*instant);
        }
    }
    return std::nullopt;
}

}  // namespace

Result<Envelope> stripe_envelope(const json::value& event) {
    if (!event.is_object()) return not_an_event("it is no JSON object");
    const auto object = string_at(event, {"object"});
    if (object != "event" && object != "v2.core.event") {
        return not_an_event("its \"object\" is not \"event\"");
    }
    auto id = string_at(event, {"id"});
    if (!id || id->empty() || id->size() > 255) return not_an_event("it has no usable \"id\"");
    auto type = string_at(event, {"type"});
    if (!type || type->empty() || type->size() > 255) return not_an_event("it has no \"type\"");
    const auto created = created_of(event);
    if (!created) return not_an_event("it has no usable \"created\"");

    return Envelope{
        .event_id = without_nul(*id),
        .type = without_nul(*type),
        .api_version = without_nul(string_at(event, {"api_version"}).value_or("")),
        .livemode = bool_at(event, {"livemode"}).value_or(false),
        .occurred_at = *created,
        .object_kind = kind_of(string_at(event, {"data", "object", "object"}).value_or("")),
        .object_id = without_nul(string_at(event, {"data", "object", "id"}).value_or(""))};
}

}  // namespace paydesk::webhook
