#include "sandbox/stripe/method_types.h"

#include <algorithm>

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

bool holds(const json::array& types, std::string_view type) {
    return std::ranges::any_of(types,
                               [&](const json::value& known) { return known.as_string() == type; });
}

bool fits(std::string_view type, std::string_view currency) {
    return currency.empty() || !is_debit(type) || currency_of_debit(type) == currency;
}

// What the account has turned on.
json::array turned_on(const Account& account) {
    const json::value chosen = account.setting("payment_method_types");
    return chosen.is_array() ? chosen.get_array() : json::array{"card"};
}

json::array named(const Object& params, std::string_view key) {
    json::array types;
    for (const json::value& value : children(params, key)) {
        const std::string type(value.as_string());
        if (!is_method_type(type)) {
            refuse_unsupported("the payment method type " + type, key);
        }
        if (!holds(types, type)) types.push_back(value);
    }
    return types;
}

// The options that these kinds show; `shown` has those of cards.
void show_options(const json::array& types, Object& owner) {
    Object& options = owner["payment_method_options"].as_object();
    if (!holds(types, "card")) options.erase("card");
    for (const json::value& type : types) {
        if (type == "us_bank_account") {
            options["us_bank_account"] = Object{
                {"verification_method", "automatic"}
            };
        } else if (type != "card" && !options.contains(type.get_string())) {
            options[type.get_string()] = Object();
        }
    }
}

}  // namespace

bool is_method_type(std::string_view type) {
    return type == "card" || type == "link" || is_debit(type);
}

void set_method_types(const Account& account, const Object& params, std::string_view currency,
                      Object& owner) {
    json::array types = named(params, "payment_method_types");
    const json::array allowed = named(params, "allowed_payment_method_types");
    const auto& excluded = children(params, "excluded_payment_method_types");
    if (types.empty()) {
        for (const json::value& type : allowed.empty() ? turned_on(account) : allowed) {
            const bool wanted =
                fits(type.get_string(), currency) && !holds(excluded, type.get_string());
            if (wanted) types.push_back(type);
        }
        if (types.empty()) {
            refuse("",
                   "No valid payment method types for this request: none of those that are allowed "
                   "can pay in " +
                       std::string(currency) + ".",
                   allowed.empty() ? "currency" : "allowed_payment_method_types");
        }
    }
    for (const json::value& type : types) {
        if (fits(type.get_string(), currency)) continue;
        const std::string name(type.get_string());
        refuse("",
               "The currency provided (" + std::string(currency) +
                   ") is invalid for one of the payment method types: " + name + " supports " +
                   std::string(currency_of_debit(name)) + ".",
               "payment_method_types");
    }
    if (!allowed.empty()) owner["allowed_payment_method_types"] = allowed;
    if (!excluded.empty()) owner["excluded_payment_method_types"] = excluded;
    owner["_named_types"] = !allowed.empty() || present(params, "payment_method_types");
    show_options(types, owner);
    owner["payment_method_types"] = std::move(types);
}

void check_method_type(const Object& owner, const Object& method) {
    const auto type = text(method, "type");
    const auto& types = children(owner, "payment_method_types");
    if (holds(types, type)) return;
    const bool session = text(owner, "object") == "checkout.session";
    if (!session && !flag(owner, "_named_types")) return;
    std::string known;
    for (const json::value& one : types) {
        known += (known.empty() ? "" : ", ") + std::string(one.get_string());
    }
    const std::string noun = session                                   ? "Checkout Session"
                             : text(owner, "object") == "setup_intent" ? "SetupIntent"
                                                                       : "PaymentIntent";
    refuse("payment_intent_incompatible_payment_method",
           "The PaymentMethod provided (" + type + ") is not allowed for this " + noun +
               ". Please attach a payment method with one of the following types: " + known + ".",
           "payment_method");
}

}  // namespace paydesk::sandbox::stripe
