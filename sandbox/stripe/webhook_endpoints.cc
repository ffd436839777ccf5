// Webhook endpoints: /v1/webhook_endpoints.

#include "sandbox/stripe/webhook_endpoints.h"

#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::size_t endpoints_max = 16;

void check_url(const Object& params) {
    const auto url = text(params, "url");
    if (url.empty() || url.starts_with("http://") || url.starts_with("https://")) return;
    refuse("url_invalid", "Invalid URL: An explicit scheme (such as https) must be provided.",
           "url");
}

json::value create(Call& call) {
    Account& account = call.account;
    check_url(call.params);
    const auto version = text(call.params, "api_version");
    if (!version.empty() && !Version::parse(version)) {
        refuse("", "Invalid Stripe API version: " + version, "api_version");
    }
    std::size_t count = 0;
    for (const auto& id : account.store().ids("webhook_endpoint")) {
        if (account.find("webhook_endpoint", id)) ++count;
    }
    if (count >= endpoints_max) {
        refuse("", "You have reached the maximum of 16 test webhook endpoints.");
    }
    Object endpoint = blank("webhook_endpoint");
    endpoint["id"] = account.new_id("we_1");
    copy_params(call.params, endpoint, {"api_version", "description", "enabled_events", "url"});
    merge_metadata(call.params, endpoint);
    const auto secret = account.new_id("whsec_", 32);
    endpoint["_secret"] = secret;
    // The one time that the secret is shown.
    Object shown = account.add(std::move(endpoint));
    shown["secret"] = secret;
    return shown;
}

json::value update(Call& call) {
    check_url(call.params);
    const auto id = text(call.target("webhook_endpoint"), "id");
    return call.account.change(id, "", [&](Object& endpoint) {
        copy_params(call.params, endpoint, {"description", "enabled_events", "url"});
        if (present(call.params, "disabled")) {
            endpoint["status"] = flag(call.params, "disabled") ? "disabled" : "enabled";
        }
        merge_metadata(call.params, endpoint);
    });
}

}  // namespace

void keep_endpoint(Account& account, const std::string& url, const std::string& secret,
                   const std::string& version) {
    std::string id;
    for (const auto& known : account.store().ids("webhook_endpoint")) {
        const auto* endpoint = account.find("webhook_endpoint", known);
        if (endpoint && flag(*endpoint, "_from_command_line")) id = known;
    }
    if (id.empty()) {
        Object endpoint = blank("webhook_endpoint");
        id = account.new_id("we_1");
        endpoint["id"] = id;
        endpoint["description"] = "Given when the sandbox was started";
        endpoint["enabled_events"] = json::array{"*"};
        endpoint["_from_command_line"] = true;
        account.add(std::move(endpoint));
    }
    account.change(id, "", [&](Object& endpoint) {
        endpoint["url"] = url;
        endpoint["api_version"] = text_or_null(version);
        endpoint["_secret"] = secret;
        endpoint["status"] = "enabled";
    });
    account.commit();
}

void add_webhook_endpoint_routes(Routes& routes) {
    routes.on("POST /v1/webhook_endpoints",
              "url!:id enabled_events[]!:id api_version:id description metadata:m connect:no",
              create);
    routes.list("/v1/webhook_endpoints", "", [](Call& call) {
        return list_page(call, "webhook_endpoint", "/v1/webhook_endpoints",
                         [](const Object&) { return true; });
    });
    routes.on("GET /v1/webhook_endpoints/{id}", "",
              [](Call& call) -> json::value { return call.target("webhook_endpoint"); });
    routes.on("POST /v1/webhook_endpoints/{id}",
              "url:id enabled_events[]:id description metadata:m disabled:b", update);
    routes.on("DELETE /v1/webhook_endpoints/{id}", "", [](Call& call) -> json::value {
        return deleted(call.account.change(text(call.target("webhook_endpoint"), "id"), "",
                                           [](Object& gone) { gone["_deleted"] = true; }));
    });
}

}  // namespace paydesk::sandbox::stripe
