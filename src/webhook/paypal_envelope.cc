// What a PayPal event says about itself.

#include "base/json.h"
#include "base/json_scan.h"
#include "webhook/receiver.h"

namespace paydesk::webhook {

namespace {

Error not_an_event(std::string detail) {
    return {ErrorCode::webhook_payload_invalid,
            "The signed body is not a PayPal event: " + detail + ".", std::move(detail)};
}

// The places that are read, and their order.
enum Place : std::size_t { id, event_type, created, version, about, about_id };
const std::vector<JsonPath> places = {
    {"id"},
    {"event_type"},
    {"create_time"},
    {"resource_version"},
    {"resource_type"},
    {"resource", "id"}
};

provider::ObjectKind kind_of(std::string_view resource_type) {
    using enum provider::ObjectKind;
    if (resource_type == "subscription") return subscription;
    if (resource_type == "checkout-order") return checkout;
    if (resource_type == "capture" || resource_type == "sale") return charge;
    if (resource_type == "refund") return refund;
    if (resource_type == "dispute") return dispute;
    return other;
}

std::string_view text_of(const JsonLeaf& leaf) {
    const auto* text = std::get_if<std::string>(&leaf);
    return text ? std::string_view(*text) : std::string_view();
}

bool is_usable(std::string_view text) { return !text.empty() && text.size() <= 255; }

}  // namespace

Result<Envelope> paypal_envelope(std::string_view body, bool livemode) {
    const auto leaves = scan_json(body, body_bytes_max, places);
    if (!leaves) {
        return Error{ErrorCode::webhook_payload_invalid, "The signed body is not JSON.",
                     leaves.error().message};
    }
    const auto text = [&](Place place) { return text_of((*leaves)[place]); };
    if (!is_usable(text(id))) return not_an_event("it has no usable \"id\"");
    if (!is_usable(text(event_type))) return not_an_event("it has no \"event_type\"");
    const auto occurred_at = parse_iso8601(text(created));
    if (!occurred_at) return not_an_event("it has no usable \"create_time\"");

    return Envelope{.event_id = without_nul(text(id)),
                    .type = without_nul(text(event_type)),
                    .api_version = without_nul(text(version)),
                    .livemode = livemode,
                    .occurred_at = std::chrono::floor<std::chrono::seconds>(*occurred_at),
                    .object_kind = kind_of(text(about)),
                    .object_id = without_nul(text(about_id))};
}

}  // namespace paydesk::webhook
