#include "provider/paypal/normalise.h"

namespace paydesk::provider::paypal {

Result<Change> normalise(const json::value& event) {
    const auto id = string_at(event, {"id"});
    const auto type = string_at(event, {"event_type"});
    const auto created = parse_iso8601(string_at(event, {"create_time"}).value_or(""));
    if (!id || !type || !created) {
        return Error{ErrorCode::webhook_payload_invalid, "The event is not one of PayPal's.",
                     "it lacks id, event_type or create_time"};
    }
    return Change{.provider = Name::paypal,
                  .event_id = without_nul(*id),
                  .event_type = without_nul(*type),
                  .api_version = string_at(event, {"resource_version"}).value_or(""),
                  .livemode = false,
                  .occurred_at = std::chrono::floor<std::chrono::seconds>(*created),
                  .kind = ObjectKind::other,
                  .object = {},
                  .fact = Unfollowed{}};
}

}  // namespace paydesk::provider::paypal
