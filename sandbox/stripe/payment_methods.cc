// PaymentMethods: /v1/payment_methods, /v1/customers/{id}/payment_methods.

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/payments.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"

namespace paydesk::sandbox::stripe {
namespace {

void fill_billing(const Object& params, Object& method) {
    const Object& given = child(params, "billing_details");
    Object& billing = method["billing_details"].as_object();
    copy_params(given, billing, {"email", "name", "phone"});
    copy_params(child(given, "address"), billing["address"].as_object(),
                {"city", "country", "line1", "line2", "postal_code", "state"});
    if (present(params, "allow_redisplay"))
        method["allow_redisplay"] = params.at("allow_redisplay");
    merge_metadata(params, method);
}

// A debit's method, by account numbers. Its holder has to be named, as the schemes want it.
std::string create_by_bank(Call& call, const std::string& type) {
    const Object& given = child(call.params, type);
    const Object& billing = child(call.params, "billing_details");
    const auto needed = [&](const Object& object, const std::string& of, const char* key) {
        if (!present(object, key)) refuse_missing_param(of + "[" + key + "]");
        return text(object, key);
    };
    BankDetails details{.type = type};
    if (type == "sepa_debit") {
        details.number = needed(given, type, "iban");
        needed(billing, "billing_details", "email");
    } else {
        const bool ach = type == "us_bank_account";
        if (ach) details.holder_type = needed(given, type, "account_holder_type");
        details.number = needed(given, type, "account_number");
        details.routing = needed(given, type, ach ? "routing_number" : "sort_code");
        if (present(given, "account_type")) details.account_type = text(given, "account_type");
    }
    details.name = needed(billing, "billing_details", "name");
    return text(add_bank_method(call.account, details), "id");
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto type = text(call.params, "type");
    if (is_debit(type)) {
        return account.change(create_by_bank(call, type), "",
                              [&](Object& method) { fill_billing(call.params, method); });
    }
    const Object& card = child(call.params, "card");
    if (card.empty()) refuse_missing_param("card");
    std::string id;
    if (present(card, "token")) {
        id = text(resolve_method(account, text(card, "token"), "card[token]"), "id");
    } else {
        for (const auto* key : {"number", "exp_month", "exp_year"}) {
            if (!present(card, key)) refuse_missing_param("card[" + std::string(key) + "]");
        }
        id = text(add_payment_method(account, {.number = text(card, "number"),
                                               .exp_month = number(card, "exp_month"),
                                               .exp_year = number(card, "exp_year"),
                                               .cvc = text(card, "cvc"),
                                               .name = {},
                                               .email = {}}),
                  "id");
    }
    return account.change(id, "", [&](Object& method) { fill_billing(call.params, method); });
}

json::value update(Call& call) {
    const auto id = text(call.target("payment_method", "payment_method"), "id");
    return call.account.change(id, "payment_method.updated", [&](Object& method) {
        fill_billing(call.params, method);
        if (!present(call.params, "card")) return;
        if (text(method, "type") != "card") {
            refuse("", "You cannot update the card of a PaymentMethod that is not a card.", "card");
        }
        copy_params(child(call.params, "card"), method["card"].as_object(),
                    {"exp_month", "exp_year"});
    });
}

json::value attach(Call& call) {
    const auto customer = text(call.params, "customer");
    call.account.get("customer", customer, "customer");
    const auto id = text(resolve_method(call.account, call.path.at("id"), ""), "id");
    attach_method(call.account, id, customer);
    return call.account.get("payment_method", id);
}

// Detaching is for ever; whoever used it as default has none then.
json::value detach(Call& call) {
    Account& account = call.account;
    const Object before = call.target("payment_method", "payment_method");
    const auto id = text(before, "id");
    const auto customer = text(before, "customer");
    if (customer.empty()) {
        refuse("",
               "The payment method you provided is not attached to a customer so detachment "
               "is impossible.");
    }
    const Object& detached =
        account.change(id, "", [](Object& method) { method["customer"] = nullptr; });
    account.emit("payment_method.detached", detached, &before);
    account.change(customer, "customer.updated", [&](Object& changed) {
        Object& settings = changed["invoice_settings"].as_object();
        if (text(settings, "default_payment_method") == id) {
            settings["default_payment_method"] = nullptr;
        }
    });
    const auto subscriptions = account.store().ids("subscription");
    for (const auto& subscription : subscriptions) {
        if (text(*account.store().find(subscription), "default_payment_method") != id) continue;
        account.change(subscription, "customer.subscription.updated",
                       [](Object& changed) { changed["default_payment_method"] = nullptr; });
    }
    return account.get("payment_method", id);
}

json::value methods_of(Call& call, const std::string& customer, std::string_view url) {
    return list_page(call, "payment_method", url, [&](const Object& method) {
        return text(method, "customer") == customer && matches(call, method, "type");
    });
}

}  // namespace

void add_payment_method_routes(Routes& routes) {
    constexpr std::string_view billing =
        "billing_details{address{city country line1 line2 postal_code state} email name phone "
        "tax_id:no} metadata:m allow_redisplay:(always|limited|unspecified) ";
    routes.on(
        "POST /v1/payment_methods",
        std::string(billing) +
            "type!:(card|sepa_debit|us_bank_account|bacs_debit) sepa_debit{iban!} "
            "us_bank_account{account_holder_type:(company|individual) account_number "
            "account_type:(checking|savings) financial_connections_account:no routing_number} "
            "bacs_debit{account_number sort_code} card{number:id exp_month:i exp_year:i cvc:id "
            "token:id networks:any} "
            "customer:no payment_method:no",
        create);
    routes.list("/v1/payment_methods", "customer:id type:id", [](Call& call) {
        return methods_of(call, text(call.params, "customer"), "/v1/payment_methods");
    });
    routes.on("GET /v1/payment_methods/{id}", "", [](Call& call) -> json::value {
        return call.target("payment_method", "payment_method");
    });
    routes.on("POST /v1/payment_methods/{id}",
              std::string(billing) + "card{exp_month:i exp_year:i networks:any}", update);
    routes.on("POST /v1/payment_methods/{id}/attach", "customer!:id", attach);
    routes.on("POST /v1/payment_methods/{id}/detach", "", detach);
    routes.list("/v1/customers/{id}/payment_methods", "type:id allow_redisplay", [](Call& call) {
        const auto id = text(call.target("customer", "customer"), "id");
        return methods_of(call, id, "/v1/customers/" + id + "/payment_methods");
    });
    routes.on("GET /v1/customers/{id}/payment_methods/{method}", "", [](Call& call) -> json::value {
        const auto customer = text(call.target("customer", "customer"), "id");
        const auto* method = call.account.find("payment_method", call.path.at("method"));
        if (!method || text(*method, "customer") != customer) {
            refuse_missing("PaymentMethod", call.path.at("method"), "payment_method", true);
        }
        return *method;
    });
}

}  // namespace paydesk::sandbox::stripe
