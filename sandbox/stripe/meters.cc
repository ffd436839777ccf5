#include "sandbox/stripe/meters.h"

#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view kind = "billing.meter";

bool is_active(const Object& meter) { return text(meter, "status") == "active"; }

// Two active meters never count the same events.
void claim_event_name(const Account& account, const std::string& name) {
    const auto* meter = meter_of_event(account, name);
    if (!meter || !is_active(*meter)) return;
    refuse("resource_already_exists",
           "An active meter (`" + text(*meter, "id") + "`) already counts events named `" + name +
               "`.",
           "event_name");
}

void limit_length(const Object& params, std::string_view key, std::size_t characters) {
    if (text(params, key).size() <= characters) return;
    refuse("parameter_invalid_string_long",
           "Invalid string: must be at most " + std::to_string(characters) + " characters", key);
}

json::value create(Call& call) {
    const Object& params = call.params;
    limit_length(params, "event_name", 100);
    limit_length(params, "display_name", 250);
    claim_event_name(call.account, text(params, "event_name"));
    Object meter = blank(kind);
    meter["id"] = call.account.new_id("mtr_test_");
    meter["updated"] = call.account.now();
    copy_params(params, meter,
                {"display_name", "event_name", "default_aggregation", "event_time_window",
                 "customer_mapping", "value_settings"});
    const Object& added = call.account.add(std::move(meter));
    call.account.emit("billing.meter.created", added);
    return added;
}

json::value update(Call& call) {
    const auto id = text(call.target(kind), "id");
    limit_length(call.params, "display_name", 250);
    return call.account.change(id, "billing.meter.updated", [&](Object& meter) {
        copy_params(call.params, meter, {"display_name"});
        meter["updated"] = call.account.now();
    });
}

json::value set_active(Call& call, bool active) {
    Account& account = call.account;
    const Object& meter = call.target(kind);
    if (is_active(meter) == active) {
        refuse("", "The meter is " + text(meter, "status") + " already.");
    }
    if (active) claim_event_name(account, text(meter, "event_name"));
    const Object& changed = account.change(text(meter, "id"), "", [&](Object& object) {
        object["status"] = active ? "active" : "inactive";
        object["updated"] = account.now();
        object["status_transitions"].as_object()["deactivated_at"] =
            active ? json::value(nullptr) : json::value(account.now());
    });
    account.emit(active ? "billing.meter.reactivated" : "billing.meter.deactivated", changed);
    return changed;
}

}  // namespace

const Object* meter_of_event(const Account& account, std::string_view event_name) {
    const Object* found = nullptr;
    for (const auto& id : account.store().ids(kind)) {
        const Object* meter = account.find(kind, id);
        if (text(*meter, "event_name") != event_name) continue;
        if (is_active(*meter)) return meter;
        found = meter;
    }
    return found;
}

void add_meter_routes(Routes& routes) {
    routes.on("POST /v1/billing/meters",
              "display_name!:id event_name!:id default_aggregation!{formula!:(count|last|sum)} "
              "customer_mapping{event_payload_key!:id type!:(by_id)} event_time_window:(day|hour) "
              "value_settings{event_payload_key!:id}",
              create);
    routes.list("/v1/billing/meters", "status:(active|inactive)", [](Call& call) {
        return list_page(call, kind, "/v1/billing/meters",
                         [&](const Object& meter) { return matches(call, meter, "status"); });
    });
    routes.on("GET /v1/billing/meters/{id}", "",
              [](Call& call) -> json::value { return call.target(kind); });
    routes.on("POST /v1/billing/meters/{id}", "display_name:id", update);
    routes.on("POST /v1/billing/meters/{id}/deactivate", "",
              [](Call& call) { return set_active(call, false); });
    routes.on("POST /v1/billing/meters/{id}/reactivate", "",
              [](Call& call) { return set_active(call, true); });
}

}  // namespace paydesk::sandbox::stripe
