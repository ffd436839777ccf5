// What was sent: /v1/notifications/webhooks-events, and events that only pretend: /simulate-event.

#include <algorithm>

#include "sandbox/paypal/events.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/routes.h"
#include "sandbox/paypal/simulating.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::int64_t kept_seconds = 30 * day_seconds;

std::int64_t time_asked(const Call& call, std::string_view name, std::int64_t fallback) {
    const auto given = call.asked(name);
    if (given.empty()) return fallback;
    if (const auto at = time_of(given)) return at;
    refuse("INVALID_PARAMETER_SYNTAX", name);
}

bool is_kept(const Account& account, const Object& event) {
    return number(event, "_created") + kept_seconds > account.now();
}

// The event that the path names.
const Object& target(const Call& call) {
    const Object& event = call.account.get(kind::event, call.id());
    if (!is_kept(call.account, event)) refuse_missing();
    return event;
}

Answer list(Call& call) {
    const auto from = time_asked(call, "start_time", 0);
    const auto to = time_asked(call, "end_time", call.account.now());
    const auto type = call.asked("event_type");
    const auto transaction = call.asked("transaction_id");
    std::vector<Object> all;
    const auto& ids = call.account.store().ids(kind::event);
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const Object& event = *call.account.find(kind::event, *id);
        const auto created = number(event, "_created");
        if (created < from || created > to || !is_kept(call.account, event)) continue;
        if (!type.empty() && text(event, "event_type") != type) continue;
        if (!transaction.empty() && text(child(event, "resource"), "id") != transaction) continue;
        all.push_back(shown(event));
    }
    Object page = page_of(call, "events", all, "/v1/notifications/webhooks-events", 300);
    page["count"] = children(page, "events").size();
    return {200, std::move(page)};
}

Answer get(Call& call) { return {200, shown(target(call))}; }

// {webhook_ids?}: to these, or to all that listen.
Answer resend(Call& call) {
    Account& account = call.account;
    const Object event = target(call);
    const auto& wanted = children(call.fields(), "webhook_ids");
    if (wanted.empty()) add_deliveries(account, event);
    for (const json::value& one : wanted) {
        const auto id = one.is_string() ? std::string(one.get_string()) : std::string();
        add_delivery(account, event, id, text(account.get(kind::webhook, id), "url"));
    }
    return {202, shown(event)};
}

// {webhook_id? or url?, event_type}: signed for the webhook "WEBHOOK_ID", as PayPal's simulator does, so
// that neither check of a signature takes it for real.
Answer simulate(Call& call) {
    Account& account = call.account;
    const auto name = required_text(call.fields(), "event_type", "/event_type", 50);
    if (!event_type(name)) refuse("INVALID_PARAMETER_VALUE", "/event_type");
    auto url = text(call.fields(), "url");
    const auto webhook = text(call.fields(), "webhook_id");
    if (!webhook.empty()) url = text(account.get(kind::webhook, webhook), "url");
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
        refuse("MISSING_REQUIRED_PARAMETER", "/url", "Give webhook_id or url.");
    }
    const Object& event =
        account.add(kind::event, event_about(account, name, pretended_resource(account, name)));
    add_delivery(account, event, webhook, url, "WEBHOOK_ID");
    return {202, shown(event)};
}

}  // namespace

void add_webhook_event_routes(Routes& routes) {
    routes.on("GET /v1/notifications/webhooks-events", list);
    routes.on("GET /v1/notifications/webhooks-events/{id}", get);
    routes.on("POST /v1/notifications/webhooks-events/{id}/resend", resend);
    routes.on("POST /v1/notifications/simulate-event", simulate);
}

}  // namespace paydesk::sandbox::paypal
