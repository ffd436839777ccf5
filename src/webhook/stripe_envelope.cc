// What a Stripe event says about itself. provider/stripe/normalise reads the rest, later.

#include "base/json.h"
#include "base/json_scan.h"
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

// The places that are read, and their order.
enum Place : std::size_t { object, id, type, api_version, livemode, created, about, about_id };
const std::vector<JsonPath> places = {
    {"object"},
    {"id"},
    {"type"},
    {"api_version"},
    {"livemode"},
    {"created"},
    {"data", "object", "object"},
    {"data", "object", "id"}
};

// Seconds since 1970; thin events write it as RFC 3339.
std::optional<Instant> instant_of(const JsonLeaf& leaf) {
    if (const auto* seconds = std::get_if<std::int64_t>(&leaf)) {
        const bool sane = *seconds >= 0 && *seconds < 253'402'300'800;  // the year 10000
        return sane ? std::optional(from_unix(*seconds)) : std::nullopt;
    }
    if (const auto* text = std::get_if<std::string>(&leaf)) {
        if (const auto instant = parse_iso8601(*text)) {
            return std::chrono::floor<std::chrono::seconds>(*instant);
        }
    }
    return std::nullopt;
}

std::string_view text_of(const JsonLeaf& leaf) {
    const auto* text = std::get_if<std::string>(&leaf);
    return text ? std::string_view(*text) : std::string_view();
}

bool is_usable(std::string_view text) { return !text.empty() && text.size() <= 255; }

}  // namespace

Result<Envelope> stripe_envelope(std::string_view body) {
    const auto leaves = scan_json(body, body_bytes_max, places);
    if (!leaves) {
        return Error{ErrorCode::webhook_payload_invalid, "The signed body is not JSON.",
                     leaves.error().message};
    }
    const auto text = [&](Place place) { return text_of((*leaves)[place]); };
    if (text(object) != "event" && text(object) != "v2.core.event") {
        return not_an_event("its \"object\" is not \"event\"");
    }
    if (!is_usable(text(id))) return not_an_event("it has no usable \"id\"");
    if (!is_usable(text(type))) return not_an_event("it has no \"type\"");
    const auto occurred_at = instant_of((*leaves)[created]);
    if (!occurred_at) return not_an_event("it has no usable \"created\"");
    const bool* is_live = std::get_if<bool>(&(*leaves)[livemode]);

    return Envelope{.event_id = without_nul(text(id)),
                    .type = without_nul(text(type)),
                    .api_version = without_nul(text(api_version)),
                    .livemode = is_live != nullptr && *is_live,
                    .occurred_at = *occurred_at,
                    .object_kind = kind_of(text(about)),
                    .object_id = without_nul(text(about_id))};
}

}  // namespace paydesk::webhook
