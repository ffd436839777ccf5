// Plans: /v1/billing/plans.

#include <algorithm>

#include "sandbox/paypal/json_patch.h"
#include "sandbox/paypal/plan_rules.h"
#include "sandbox/paypal/plans.h"
#include "sandbox/paypal/pricing.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/routes.h"

namespace paydesk::sandbox::paypal {
namespace {

json::array links_of(const Account& account, const Object& plan) {
    const auto self = account.url("/v1/billing/plans/" + text(plan, "id"));
    const bool active = text(plan, "status") == "ACTIVE";
    json::array links;
    links.push_back(link(self, "self", "GET"));
    links.push_back(link(self, "edit", "PATCH"));
    links.push_back(active ? link(self + "/deactivate", "deactivate", "POST")
                           : link(self + "/activate", "activate", "POST"));
    links.push_back(link(self + "/update-pricing-schemes", "edit", "POST"));
    return links;
}

Answer create(Call& call) {
    Account& account = call.account;
    const Object& given = call.fields();
    const auto product = required_text(given, "product_id", "/product_id", 50);
    const auto name = required_text(given, "name", "/name", 127);
    const auto description = optional_text(given, "description", "/description", 127);
    const auto status = choice(given, "status", "/status", {"CREATED", "ACTIVE"}, "ACTIVE");
    auto cycles = billing_cycles_of(account, given);
    if (!present(given, "payment_preferences")) refuse_missing_field("/payment_preferences");
    auto preferences = payment_preferences_of(
        object_at(given, "payment_preferences", "/payment_preferences"), "/payment_preferences");
    if (!account.find(kind::product, product)) refuse_missing();
    Object plan{
        {"id", account.new_id("P-", 24)},
        {"product_id", product},
        {"name", name},
        {"status", status},
        {"billing_cycles", std::move(cycles)},
        {"payment_preferences", std::move(preferences)},
        {"quantity_supported", flag_at(given, "quantity_supported", "/quantity_supported", false)},
        {"create_time", time_text(account.now())},
        {"update_time", time_text(account.now())}
    };
    if (!description.empty()) plan["description"] = description;
    if (present(given, "taxes")) {
        plan["taxes"] = taxes_of(object_at(given, "taxes", "/taxes"), "/taxes");
    }
    const auto fee = stored_amount(child(plan, "payment_preferences"), "setup_fee");
    if (fee.minor > 0 && fee.currency != currency_of_plan(plan)) refuse("CURRENCY_MISMATCH");
    auto all = shown_plan(account, account.add(kind::plan, std::move(plan)));
    account.emit("BILLING.PLAN.CREATED", all);
    if (call.whole) return {201, std::move(all)};
    return {
        201,
        Object{{"id", all.at("id")}, {"status", all.at("status")}, {"links", all.at("links")}}
    };
}

// ?product_id=&plan_ids=a,b
Answer list(Call& call) {
    const auto product = call.asked("product_id");
    const auto wanted = "," + call.asked("plan_ids") + ",";
    std::vector<Object> all;
    for (const auto& id : call.account.store().ids(kind::plan)) {
        const Object& plan = *call.account.find(kind::plan, id);
        if (!product.empty() && text(plan, "product_id") != product) continue;
        if (wanted != ",," && wanted.find("," + id + ",") == std::string::npos) continue;
        if (call.whole) {
            all.push_back(shown_plan(call.account, plan));
            continue;
        }
        Object few;
        for (const char* key :
             {"id", "product_id", "name", "status", "description", "create_time"}) {
            if (present(plan, key)) few[key] = plan.at(key);
        }
        few["links"] = links_of(call.account, plan);
        all.push_back(std::move(few));
    }
    return {200, page_of(call, "plans", all, "/v1/billing/plans", 20)};
}

Answer get(Call& call) {
    return {200, shown_plan(call.account, call.account.get(kind::plan, call.id()))};
}

constexpr Patchable patchables[] = {
    {"/name",                                          "replace"    },
    {"/description",                                   "add replace"},
    {"/payment_preferences/auto_bill_outstanding",     "replace"    },
    {"/payment_preferences/payment_failure_threshold", "replace"    },
    {"/payment_preferences/setup_fee",                 "add replace"},
    {"/payment_preferences/setup_fee_failure_action",  "replace"    },
    {"/taxes/percentage",                              "replace"    },
};

Answer update(Call& call) {
    Account& account = call.account;
    const auto id = text(account.get(kind::plan, call.id()), "id");
    Object& plan = account.edit(id);
    if (text(plan, "status") == "INACTIVE") refuse("PLAN_STATUS_INACTIVE");
    for (const Patch& patch : patches_of(call.body)) {
        check_patch(patch, patchables);
        if (patch.path.starts_with("/taxes") && !present(plan, "taxes")) {
            refuse("INVALID_PATCH_PATH", patch.path, "The plan has no taxes.");
        }
        apply_patch(plan, patch);
    }
    required_text(plan, "name", "/name", 127);
    optional_text(plan, "description", "/description", 127);
    plan["payment_preferences"] =
        payment_preferences_of(Object(child(plan, "payment_preferences")), "/payment_preferences");
    if (present(plan, "taxes")) plan["taxes"] = taxes_of(Object(child(plan, "taxes")), "/taxes");
    plan["update_time"] = time_text(account.now());
    account.emit("BILLING.PLAN.UPDATED", shown_plan(account, plan));
    return {204, nullptr};
}

Answer set_status(Call& call, std::string_view status, bool allowed, std::string_view event) {
    Account& account = call.account;
    Object& plan = account.edit(text(account.get(kind::plan, call.id()), "id"));
    if (!allowed) {
        refuse("PLAN_STATUS_INVALID", {},
               status == "ACTIVE" ? "Invalid plan status for activate action; plan status should "
                                    "be either created or inactive."
                                  : "Invalid plan status for deactivate action; plan status "
                                    "should be active.");
    }
    plan["status"] = status;
    plan["update_time"] = time_text(account.now());
    account.emit(event, shown_plan(account, plan));
    return {204, nullptr};
}

Answer activate(Call& call) {
    const auto status = text(call.account.get(kind::plan, call.id()), "status");
    return set_status(call, "ACTIVE", status != "ACTIVE", "BILLING.PLAN.ACTIVATED");
}

Answer deactivate(Call& call) {
    const auto status = text(call.account.get(kind::plan, call.id()), "status");
    return set_status(call, "INACTIVE", status == "ACTIVE", "BILLING.PLAN.DEACTIVATED");
}

Answer update_pricing(Call& call) {
    Account& account = call.account;
    Object& plan = account.edit(text(account.get(kind::plan, call.id()), "id"));
    const auto& given = children(call.fields(), "pricing_schemes");
    if (given.empty()) refuse_missing_field("/pricing_schemes");
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto at = "/pricing_schemes/" + std::to_string(i);
        if (!given[i].is_object()) refuse("INVALID_PARAMETER_SYNTAX", at);
        const Object& one = given[i].get_object();
        if (!present(one, "billing_cycle_sequence")) {
            refuse_missing_field(at + "/billing_cycle_sequence");
        }
        if (!present(one, "pricing_scheme")) refuse_missing_field(at + "/pricing_scheme");
        const auto sequence =
            whole_at(one, "billing_cycle_sequence", at + "/billing_cycle_sequence", 1, 99, 0);
        const auto* cycle = cycle_of(plan, sequence);
        if (!cycle) refuse("INVALID_BILLING_CYCLE_SEQUENCE");
        const Object old = child(*cycle, "pricing_scheme");
        auto scheme =
            pricing_scheme_of(account, object_at(one, "pricing_scheme", at + "/pricing_scheme"),
                              at + "/pricing_scheme", number(old, "version", 0) + 1);
        check_same_type(old, scheme);
        change_price(account, plan, sequence, std::move(scheme));
    }
    plan["update_time"] = time_text(account.now());
    account.emit("BILLING.PLAN.PRICING-CHANGE.ACTIVATED", shown_plan(account, plan));
    return {204, nullptr};
}

}  // namespace

Object shown_plan(const Account& account, const Object& plan) {
    Object out = shown(plan);
    out["links"] = links_of(account, plan);
    return out;
}

void add_plan_routes(Routes& routes) {
    routes.on("POST /v1/billing/plans", create, remembers_catalog);
    routes.on("GET /v1/billing/plans", list);
    routes.on("GET /v1/billing/plans/{id}", get);
    routes.on("PATCH /v1/billing/plans/{id}", update);
    routes.on("POST /v1/billing/plans/{id}/activate", activate);
    routes.on("POST /v1/billing/plans/{id}/deactivate", deactivate);
    routes.on("POST /v1/billing/plans/{id}/update-pricing-schemes", update_pricing);
}

}  // namespace paydesk::sandbox::paypal
