// Webhooks: /v1/notifications/webhooks, /webhooks-event-types, /verify-webhook-signature.

#include "sandbox/paypal/webhooks.h"

#include <algorithm>

#include "sandbox/paypal/events.h"
#include "sandbox/paypal/json_patch.h"
#include "sandbox/paypal/keys.h"
#include "sandbox/paypal/raw_member.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr std::size_t webhooks_max = 10;

// Webhooks have names of errors of their own.
[[noreturn]] void refuse_webhook(std::string_view name, std::string_view message,
                                 int status = 400) {
    throw Refusal{.status = status, .name = std::string(name), .message = std::string(message)};
}

Object shown_webhook(const Account& account, const Object& webhook) {
    Object out = shown(webhook);
    const auto url = account.url("/v1/notifications/webhooks/" + text(webhook, "id"));
    json::array links;
    links.push_back(link(url, "self", "GET"));
    links.push_back(link(url, "update", "PATCH"));
    links.push_back(link(url, "delete", "DELETE"));
    out["links"] = std::move(links);
    return out;
}

void check_url(const std::string& url) {
    if (url.size() <= 2048 && (url.starts_with("https://") || url.starts_with("http://"))) return;
    refuse("INVALID_PARAMETER_SYNTAX", "/url");
}

// [{name}] with what PayPal adds. Refuses unknown names.
json::array event_types_of(const json::value& given) {
    if (!given.is_array() || given.get_array().empty()) {
        refuse("INVALID_PARAMETER_VALUE", "/event_types");
    }
    json::array out;
    for (const json::value& one : given.get_array()) {
        const auto name = one.is_object() ? text(one.get_object(), "name") : std::string();
        if (name != "*" && !event_type(name)) {
            refuse("INVALID_PARAMETER_VALUE", "/event_types",
                   "The sandbox makes no event " + name + ".");
        }
        out.push_back(Object{
            {"name",   name     },
            {"status", "ENABLED"}
        });
    }
    return out;
}

void check_is_new(const Account& account, const std::string& url, const std::string& but) {
    for (const auto& id : account.store().ids(kind::webhook)) {
        if (id != but && text(*account.find(kind::webhook, id), "url") == url) {
            refuse_webhook("WEBHOOK_URL_ALREADY_EXISTS", "Webhook URL already exists");
        }
    }
}

Answer create(Call& call) {
    Account& account = call.account;
    const auto url = required_text(call.fields(), "url", "/url", 2048);
    check_url(url);
    if (!call.fields().contains("event_types")) refuse_missing_field("/event_types");
    auto types = event_types_of(call.fields().at("event_types"));
    check_is_new(account, url, {});
    if (account.store().ids(kind::webhook).size() >= webhooks_max) {
        refuse_webhook("WEBHOOK_NUMBER_LIMIT_EXCEEDED", "There are 10 webhooks already");
    }
    const Object& made = account.add(
        kind::webhook,
        Object{
            {"id",          account.new_id("")},
            {"url",         url               },
            {"event_types", std::move(types)  }
    });
    return {201, shown_webhook(account, made)};
}

Answer list(Call& call) {
    json::array all;
    for (const auto& id : call.account.store().ids(kind::webhook)) {
        all.push_back(shown_webhook(call.account, *call.account.find(kind::webhook, id)));
    }
    return {200, Object{{"webhooks", std::move(all)}}};
}

Answer get(Call& call) {
    return {200, shown_webhook(call.account, call.account.get(kind::webhook, call.id()))};
}

Answer update(Call& call) {
    Account& account = call.account;
    const auto id = text(account.get(kind::webhook, call.id()), "id");
    for (const Patch& patch : patches_of(call.body)) {
        if (patch.op != "replace") refuse("UNSUPPORTED_PATCH_OPERATION", patch.path);
        if (patch.path == "/url") {
            const auto url = patch.value.is_string() ? std::string(patch.value.get_string()) : "";
            check_url(url);
            check_is_new(account, url, id);
            account.edit(id)["url"] = url;
        } else if (patch.path == "/event_types") {
            account.edit(id)["event_types"] = event_types_of(patch.value);
        } else {
            refuse("INVALID_PATCH_PATH", patch.path);
        }
    }
    return {200, shown_webhook(account, account.get(kind::webhook, id))};
}

Answer remove(Call& call) {
    const auto id = text(call.account.get(kind::webhook, call.id()), "id");
    call.account.store().erase(id);
    return {204, nullptr};
}

Answer types_of_webhook(Call& call) {
    const Object& webhook = call.account.get(kind::webhook, call.id());
    return {200, Object{{"event_types", webhook.at("event_types")}}};
}

Answer all_event_types(Call&) {
    json::array all;
    for (const EventType& type : event_types()) {
        all.push_back(Object{
            {"name",              type.name                                      },
            {"status",            "ENABLED"                                      },
            {"resource_versions", json::array{json::value(type.resource_version)}}
        });
    }
    return {200, Object{{"event_types", std::move(all)}}};
}

// The event's own text counts: what was parsed and written again has another checksum.
Answer verify(Call& call) {
    const Object& given = call.fields();
    const auto of = [&](std::string_view name) {
        return required_text(given, name, "/" + std::string(name), 2000);
    };
    const auto algorithm = of("auth_algo");
    const auto url = of("cert_url");
    const auto transmission = of("transmission_id");
    const auto signature = of("transmission_sig");
    const auto at = of("transmission_time");
    const auto webhook = of("webhook_id");
    if (!given.contains("webhook_event")) refuse_missing_field("/webhook_event");
    const auto event = raw_member(call.request.body, "webhook_event");
    const bool good =
        algorithm == "SHA256withRSA" && call.account.find(kind::webhook, webhook) && event &&
        call.keys.verifies(url, signed_text(transmission, at, webhook, *event), signature);
    return {200, Object{{"verification_status", good ? "SUCCESS" : "FAILURE"}}};
}

}  // namespace

void keep_webhook(Account& account, const std::string& id, const std::string& url) {
    account.store().erase(id);
    account.add(kind::webhook,
                Object{
                    {"id",          id                                                },
                    {"url",         url                                               },
                    {"event_types", event_types_of(json::array{Object{{"name", "*"}}})}
    });
    account.commit();
}

void add_webhook_routes(Routes& routes) {
    routes.on("POST /v1/notifications/webhooks", create);
    routes.on("GET /v1/notifications/webhooks", list);
    routes.on("GET /v1/notifications/webhooks/{id}", get);
    routes.on("PATCH /v1/notifications/webhooks/{id}", update);
    routes.on("DELETE /v1/notifications/webhooks/{id}", remove);
    routes.on("GET /v1/notifications/webhooks/{id}/event-types", types_of_webhook);
    routes.on("GET /v1/notifications/webhooks-event-types", all_event_types);
    routes.on("POST /v1/notifications/verify-webhook-signature", verify);
}

}  // namespace paydesk::sandbox::paypal
