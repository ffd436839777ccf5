// Events: /v1/events.

#include <algorithm>

#include "sandbox/stripe/events.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t readable_seconds = 30 * 86400;

bool type_matches(const std::string& wanted, const std::string& type) {
    if (wanted.empty() || wanted == type || wanted == "*") return true;
    return wanted.ends_with(".*") && type.starts_with(wanted.substr(0, wanted.size() - 1));
}

bool is_readable(Account& account, const Object& event) {
    const auto recorded = number(event, "_recorded", number(event, "created"));
    return recorded >= account.clock().seconds() - readable_seconds;
}

// Events keep the version in which they were made; the caller's version changes nothing.
Object as_made(const Account& account, const Object& event) {
    const auto version = Version::parse(text(event, "api_version"));
    return render_event(event, version ? *version : account.default_version());
}

bool listed(const Call& call, const Object& event) {
    if (!is_readable(call.account, event)) return false;
    const auto type = text(event, "type");
    const auto& types = children(call.params, "types");
    const bool of_types =
        types.empty() || std::ranges::find(types, json::value(type)) != types.end();
    if (!of_types || !type_matches(text(call.params, "type"), type)) return false;
    if (!present(call.params, "delivery_success")) return true;
    return flag(call.params, "delivery_success") == (number(event, "pending_webhooks") == 0);
}

}  // namespace

void add_event_routes(Routes& routes) {
    routes.list("/v1/events", "type types[]:id delivery_success:b created:any", [](Call& call) {
        json::value page = list_page(call, "event", "/v1/events",
                                     [&](const Object& event) { return listed(call, event); });
        for (json::value& event : page.as_object()["data"].as_array()) {
            event = as_made(call.account, event.get_object());
        }
        return page;
    });
    routes.on("GET /v1/events/{id}", "", [](Call& call) -> json::value {
        const Object& event = call.target("event");
        if (!is_readable(call.account, event)) {
            refuse_missing("event", text(event, "id"), "id", true);
        }
        return as_made(call.account, event);
    });
}

}  // namespace paydesk::sandbox::stripe
