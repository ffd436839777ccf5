// SetupIntents: /v1/setup_intents.

#include "sandbox/stripe/mandates.h"
#include "sandbox/stripe/method_types.h"
#include "sandbox/stripe/payments.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

json::value confirm(Call& call, const std::string& id) {
    Account& account = call.account;
    const Object& intent = account.get("setup_intent", id);
    const auto status = text(intent, "status");
    if (status == "succeeded" || status == "canceled") {
        throw Refusal{.code = "setup_intent_unexpected_state",
                      .message =
                          "You cannot confirm this SetupIntent because it has already "
                          "reached the status " +
                          status + ".",
                      .more = Object{{"setup_intent", intent}}};
    }
    auto method = text(intent, "payment_method");
    if (present(call.params, "payment_method")) {
        method = text(
            resolve_method(account, text(call.params, "payment_method"), "payment_method"), "id");
    }
    if (method.empty()) refuse_missing_param("payment_method");
    check_method_type(intent, account.get("payment_method", method));
    const auto customer = text(intent, "customer");
    const auto outcome = confirm_setup(
        account, id,
        {.payment_method = method,
         .return_url = text(call.params, "return_url"),
         .acceptance = child(child(call.params, "mandate_data"), "customer_acceptance")});
    if (outcome == Outcome::declined) throw refusal_of(account.get("setup_intent", id));
    if (outcome == Outcome::succeeded && !customer.empty()) {
        attach_method(account, method, customer);
    }
    return account.get("setup_intent", id);
}

json::value create(Call& call) {
    Account& account = call.account;
    Object fields;
    fields["metadata"] = Object();
    copy_params(call.params, fields, {"customer", "description", "usage"});
    merge_metadata(call.params, fields);
    fields["payment_method_options"] = blank("setup_intent").at("payment_method_options");
    set_method_types(account, call.params, "", fields);
    if (present(call.params, "customer")) {
        account.get("customer", text(call.params, "customer"), "customer");
    }
    if (!present(call.params, "payment_method_types")) {
        fields["automatic_payment_methods"] = Object{
            {"allow_redirects", "always"},
            {"enabled",         true    }
        };
    }
    if (present(call.params, "payment_method")) {
        fields["payment_method"] =
            resolve_method(account, text(call.params, "payment_method"), "payment_method").at("id");
        fields["status"] = "requires_confirmation";
    }
    const auto id = text(add_setup_intent(account, std::move(fields)), "id");
    if (flag(call.params, "confirm")) return confirm(call, id);
    return account.get("setup_intent", id);
}

json::value cancel(Call& call) {
    const Object& intent = call.target("setup_intent", "intent");
    const auto status = text(intent, "status");
    if (status == "succeeded" || status == "canceled") {
        throw Refusal{.code = "setup_intent_unexpected_state",
                      .message = "You cannot cancel this SetupIntent because it has a status of " +
                                 status + ".",
                      .more = Object{{"setup_intent", intent}}};
    }
    const Object& canceled = call.account.change(text(intent, "id"), "", [&](Object& changed) {
        changed["status"] = "canceled";
        changed["cancellation_reason"] = value_of(call.params, "cancellation_reason");
        changed["next_action"] = nullptr;
    });
    call.account.emit("setup_intent.canceled", canceled);
    return canceled;
}

}  // namespace

void add_setup_intent_routes(Routes& routes) {
    routes.on("POST /v1/setup_intents",
              std::string(mandate_listing) + std::string(method_type_listing) +
                  "customer:id description metadata:m payment_method:id confirm:b return_url "
                  "usage:(off_session|on_session) payment_method_options:any "
                  "automatic_payment_methods{enabled!:b allow_redirects} "
                  "payment_method_data:no use_stripe_sdk:b attach_to_self:no on_behalf_of:no",
              create);
    routes.list("/v1/setup_intents", "customer:id payment_method:id created:any", [](Call& call) {
        return list_page(call, "setup_intent", "/v1/setup_intents", [&](const Object& intent) {
            return matches(call, intent, "customer") && matches(call, intent, "payment_method");
        });
    });
    routes.on("GET /v1/setup_intents/{id}", "client_secret",
              [](Call& call) -> json::value { return call.target("setup_intent", "intent"); });
    routes.on("POST /v1/setup_intents/{id}", "customer:id description metadata:m payment_method:id",
              [](Call& call) -> json::value {
                  return call.account.change(
                      text(call.target("setup_intent", "intent"), "id"), "", [&](Object& intent) {
                          copy_params(call.params, intent,
                                      {"customer", "description", "payment_method"});
                          merge_metadata(call.params, intent);
                      });
              });
    routes.on("POST /v1/setup_intents/{id}/confirm",
              std::string(mandate_listing) +
                  "payment_method:id return_url use_stripe_sdk:b "
                  "payment_method_options:any",
              [](Call& call) {
                  return confirm(call, text(call.target("setup_intent", "intent"), "id"));
              });
    routes.on("POST /v1/setup_intents/{id}/cancel",
              "cancellation_reason:(abandoned|requested_by_customer|duplicate)", cancel);
}

}  // namespace paydesk::sandbox::stripe
