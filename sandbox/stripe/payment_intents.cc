// PaymentIntents: /v1/payment_intents.

#include "sandbox/stripe/balance.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/charging.h"
#include "sandbox/stripe/checkout.h"
#include "sandbox/stripe/mandates.h"
#include "sandbox/stripe/method_types.h"
#include "sandbox/stripe/payments.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/settling.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view shared_listing =
    "customer:id description metadata:m payment_method:id receipt_email return_url "
    "setup_future_usage:(off_session|on_session)? statement_descriptor "
    "statement_descriptor_suffix transfer_group payment_method_options:any shipping:any "
    "capture_method:(automatic|automatic_async|manual) "
    "application_fee_amount:no transfer_data:no on_behalf_of:no ";

void fill(const Object& params, Object& intent) {
    copy_params(params, intent,
                {"capture_method", "customer", "description", "receipt_email", "setup_future_usage",
                 "statement_descriptor", "statement_descriptor_suffix", "transfer_group"});
    merge_metadata(params, intent);
}

json::value confirm(Call& call, const std::string& id) {
    Account& account = call.account;
    const Object& intent = account.get("payment_intent", id);
    const auto status = text(intent, "status");
    if (status != "requires_payment_method" && status != "requires_confirmation" &&
        status != "requires_action") {
        throw Refusal{.code = "payment_intent_unexpected_state",
                      .message =
                          "You cannot confirm this PaymentIntent because it has already "
                          "reached the status " +
                          status + ".",
                      .more = Object{{"payment_intent", intent}}};
    }
    auto method = text(intent, "payment_method");
    if (present(call.params, "payment_method")) {
        method = text(
            resolve_method(account, text(call.params, "payment_method"), "payment_method"), "id");
    }
    if (method.empty()) {
        throw Refusal{.code = "payment_intent_unexpected_state",
                      .message =
                          "You cannot confirm this PaymentIntent because it's missing a "
                          "payment method.",
                      .more = Object{{"payment_intent", intent}}};
    }
    check_method_type(intent, account.get("payment_method", method));
    const auto customer = text(intent, "customer");
    const bool keeps = present(intent, "setup_future_usage") && !customer.empty();
    const auto outcome = confirm_payment(
        account, id,
        {.payment_method = method,
         .off_session = text(call.params, "off_session") == "true",
         .return_url = text(call.params, "return_url"),
         .acceptance = child(child(call.params, "mandate_data"), "customer_acceptance")});
    if (outcome == Outcome::declined) {
        after_payment(account, id, outcome);
        throw refusal_of(account.get("payment_intent", id));
    }
    if (keeps) attach_method(account, method, customer);
    after_payment(account, id, outcome);
    return account.get("payment_intent", id);
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto amount = number(call.params, "amount");
    if (amount < 1) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               "amount");
    }
    if (amount > 99'999'999) {
        refuse("amount_too_large", "Amount must be no more than $999,999.99", "amount");
    }
    check_amount(amount, text(call.params, "currency"));
    if (present(call.params, "customer")) {
        account.get("customer", text(call.params, "customer"), "customer");
    }
    Object fields;
    fields["metadata"] = Object();
    fields["payment_method_options"] = blank("payment_intent").at("payment_method_options");
    fill(call.params, fields);
    set_method_types(account, call.params, text(call.params, "currency"), fields);
    const bool automatic = !present(call.params, "payment_method_types");
    if (automatic) {
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
    const auto id =
        text(add_payment_intent(account, amount, text(call.params, "currency"), std::move(fields)),
             "id");
    if (flag(call.params, "confirm")) return confirm(call, id);
    return account.get("payment_intent", id);
}

json::value update(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target("payment_intent", "intent"), "id");
    std::string method;
    if (present(call.params, "payment_method")) {
        method = text(
            resolve_method(account, text(call.params, "payment_method"), "payment_method"), "id");
    }
    return account.change(id, "", [&](Object& intent) {
        fill(call.params, intent);
        copy_params(call.params, intent, {"amount", "currency"});
        if (present(call.params, "payment_method_types") ||
            present(call.params, "allowed_payment_method_types")) {
            set_method_types(account, call.params, text(intent, "currency"), intent);
        }
        if (!method.empty()) {
            intent["payment_method"] = method;
            intent["status"] = "requires_confirmation";
        }
    });
}

json::value cancel(Call& call) {
    const Object& intent = call.target("payment_intent", "intent");
    const auto status = text(intent, "status");
    if (status == "succeeded" || status == "canceled") {
        throw Refusal{
            .code = "payment_intent_unexpected_state",
            .message =
                "You cannot cancel this PaymentIntent because it has a status of " + status + ".",
            .more = Object{{"payment_intent", intent}}};
    }
    const auto id = text(intent, "id");
    cancel_payment(call.account, id, value_of(call.params, "cancellation_reason"));
    return call.account.get("payment_intent", id);
}

json::value capture(Call& call) {
    Account& account = call.account;
    const Object intent = call.target("payment_intent", "intent");
    const auto id = text(intent, "id");
    capture_payment(account, id,
                    number(call.params, "amount_to_capture", number(intent, "amount_capturable")));
    account.change(id, "", [&](Object& changed) {
        copy_params(call.params, changed, {"statement_descriptor", "statement_descriptor_suffix"});
        merge_metadata(call.params, changed);
    });
    finish_captured_checkout(account, text(intent, "_session"));
    return account.get("payment_intent", id);
}

}  // namespace

void add_payment_intent_routes(Routes& routes) {
    const std::string shared = std::string(shared_listing) + std::string(method_type_listing);
    routes.on("POST /v1/payment_intents",
              shared + std::string(mandate_listing) +
                  "amount!:i currency! confirm:b off_session confirmation_method "
                  "error_on_requires_action:no "
                  "automatic_payment_methods{enabled!:b allow_redirects} mandate:no "
                  "payment_method_data:no use_stripe_sdk:b",
              create);
    routes.list("/v1/payment_intents", "customer:id created:any", [](Call& call) {
        return list_page(call, "payment_intent", "/v1/payment_intents",
                         [&](const Object& intent) { return matches(call, intent, "customer"); });
    });
    // None can be given: `amount_details` is refused.
    routes.list("/v1/payment_intents/{id}/amount_details_line_items", "", [](Call& call) {
        const auto id = text(call.target("payment_intent"), "id");
        return page_of(call, {}, "/v1/payment_intents/" + id + "/amount_details_line_items");
    });
    routes.on("GET /v1/payment_intents/{id}", "client_secret",
              [](Call& call) -> json::value { return call.target("payment_intent", "intent"); });
    routes.on("POST /v1/payment_intents/{id}", shared + "amount:i currency", update);
    routes.on("POST /v1/payment_intents/{id}/confirm",
              std::string(mandate_listing) +
                  "payment_method:id off_session return_url use_stripe_sdk:b mandate:no "
                  "setup_future_usage payment_method_types<endive[]:id payment_method_options:any "
                  "receipt_email shipping:any",
              [](Call& call) {
                  return confirm(call, text(call.target("payment_intent", "intent"), "id"));
              });
    routes.on("POST /v1/payment_intents/{id}/capture",
              "amount_to_capture:i statement_descriptor statement_descriptor_suffix metadata:m "
              "final_capture:no application_fee_amount:no transfer_data:no payment_details:no",
              capture);
    routes.on("POST /v1/payment_intents/{id}/cancel",
              "cancellation_reason:(duplicate|fraudulent|requested_by_customer|abandoned)", cancel);
}

}  // namespace paydesk::sandbox::stripe
