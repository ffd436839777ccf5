#include "sandbox/stripe/customers.h"

#include <algorithm>
#include <cctype>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/payments.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/tax_ids.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view address = "{city country line1 line2 postal_code state}";

std::string listing(std::string_view more) {
    const std::string where(address);
    return "address?" + where +
           " balance:i business_name>=clover individual_name>=clover cash_balance:no description "
           "email invoice_prefix next_invoice_sequence:i "
           "invoice_settings{custom_fields:no default_payment_method footer rendering_options:no} "
           "metadata:m name phone preferred_locales[]:id "
           "shipping?{address!" +
           where +
           " name! phone} "
           "source:id tax{ip_address validate_location>=acacia:(auto|deferred|immediately) "
           "validate_location<acacia:(deferred|immediately)} tax_exempt:(none|exempt|reverse)? "
           "validate:b " +
           std::string(more);
}

// Text fields and the nested ones that both create and update take.
void fill(Account& account, const Object& params, Object& customer) {
    copy_params(params, customer,
                {"balance", "business_name", "individual_name", "description", "email",
                 "invoice_prefix", "next_invoice_sequence", "name", "phone", "preferred_locales"});
    if (params.contains("address")) customer["address"] = full_address(params.at("address"));
    if (params.contains("shipping")) {
        Object shipping = child(params, "shipping");
        if (!shipping.empty()) {
            shipping["address"] = full_address(value_of(shipping, "address"));
            if (!shipping.contains("phone")) shipping["phone"] = nullptr;
        }
        customer["shipping"] =
            shipping.empty() ? json::value(nullptr) : json::value(std::move(shipping));
    }
    if (const auto* exempt = params.if_contains("tax_exempt")) {
        customer["tax_exempt"] = exempt->is_null() ? json::value("none") : *exempt;
    }
    const Object& tax = child(params, "tax");
    if (tax.contains("ip_address")) customer["_ip_address"] = tax.at("ip_address");
    if (text(tax, "validate_location") == "immediately" && tax_place(customer).empty()) {
        refuse_tax_location("tax[validate_location]");
    }
    const Object& settings = child(params, "invoice_settings");
    const auto method = text(settings, "default_payment_method");
    if (!method.empty()) {
        const Object& stored =
            account.get("payment_method", method, "invoice_settings[default_payment_method]");
        if (text(stored, "customer") != text(customer, "id")) {
            refuse("resource_missing",
                   "The customer does not have a payment method with the ID " + method +
                       ". The payment method must be attached to the customer.",
                   "invoice_settings[default_payment_method]");
        }
    }
    copy_params(settings, customer["invoice_settings"].as_object(),
                {"default_payment_method", "footer"});
    merge_metadata(params, customer);
    const auto email = text(customer, "email");
    if (!email.empty() && email.find('@') == std::string::npos) {
        refuse("email_invalid", "Invalid email address: " + email, "email");
    }
    if (email.size() > 512) refuse("", "Email is too long.", "email");
}

void set_default(Account& account, const std::string& customer, const std::string& method) {
    account.change(customer, "customer.updated", [&](Object& changed) {
        changed["invoice_settings"].as_object()["default_payment_method"] = method;
    });
}

// Attaches the method that the parameters name, if any, and gives its id. An old `source` token is
// treated as one, and becomes the default.
std::string take_method(Account& account, const std::string& customer, const Object& params) {
    const bool source = present(params, "source");
    const auto named = text(params, source ? "source" : "payment_method");
    if (named.empty()) return {};
    const auto method =
        text(resolve_method(account, named, source ? "source" : "payment_method"), "id");
    attach_method(account, method, customer);
    if (source) set_default(account, customer, method);
    return method;
}

void change_discount(Call& call, const std::string& id) {
    if (!call.params.contains("coupon") && !call.params.contains("promotion_code")) return;
    set_customer_discount(call.account, id,
                          wanted_discounts(call.account, call.params, {.customer = id}));
}

json::value create(Call& call) {
    Account& account = call.account;
    // The default may name the method that this very call attaches.
    Object params = call.params;
    std::string default_method;
    if (present(params, "payment_method") && present(params, "invoice_settings")) {
        auto& settings = params["invoice_settings"].as_object();
        default_method = text(settings, "default_payment_method");
        if (default_method == text(params, "payment_method")) {
            settings.erase("default_payment_method");
        } else {
            default_method.clear();
        }
    }
    Object fields;
    Object probe = blank("customer");
    if (present(params, "test_clock")) {
        const auto clock = text(params, "test_clock");
        account.get("test_helpers.test_clock", clock, "test_clock");
        probe["test_clock"] = clock;
    }
    fill(account, params, probe);  // refuses before anything is made
    for (const auto& [key, value] : probe) {
        if (key != "id" && key != "created") fields[key] = value;
    }
    const auto id = text(add_customer(account, fields), "id");
    const auto method = take_method(account, id, params);
    if (!default_method.empty()) set_default(account, id, method);
    change_discount(call, id);
    for (const json::value& one : children(params, "tax_id_data")) {
        add_tax_id(account, id, text(one.get_object(), "type"), text(one.get_object(), "value"));
    }
    return account.get("customer", id);
}

json::value update(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target("customer"), "id");
    account.change(id, "customer.updated",
                   [&](Object& customer) { fill(account, call.params, customer); });
    take_method(account, id, call.params);
    change_discount(call, id);
    tell_drafts(account, id);
    return account.get("customer", id);
}

json::value retrieve(Call& call) {
    const auto* object = call.account.store().find("customer", call.path.at("id"));
    if (object && flag(*object, "_deleted")) return deleted(*object);
    return call.target("customer");
}

json::value remove(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target("customer"), "id");
    const auto subscriptions = account.store().ids("subscription");
    for (const auto& subscription : subscriptions) {
        const Object& object = *account.store().find(subscription);
        if (text(object, "customer") != id || present(object, "ended_at")) continue;
        cancel_subscription(account, subscription, "cancellation_requested");
    }
    cancel_schedules_of(account, id);
    account.emit("customer.deleted", account.get("customer", id));
    return deleted(account.change(id, "", [](Object& customer) { customer["_deleted"] = true; }));
}

}  // namespace

json::value full_address(const json::value& given) {
    if (!given.is_object()) return nullptr;
    Object full;
    for (const auto* part : {"city", "country", "line1", "line2", "postal_code", "state"}) {
        full[part] = value_of(given.get_object(), part);
    }
    return full;
}

const Object& add_customer(Account& account, const Object& fields) {
    Object customer = blank("customer");
    customer["id"] = account.new_id("cus_", 14);
    auto prefix = account.new_id("", 8);
    std::ranges::transform(prefix, prefix.begin(), [](unsigned char c) { return std::toupper(c); });
    customer["invoice_prefix"] = prefix;
    for (const auto& [key, value] : fields) {
        if (key != "invoice_prefix" || !value.is_null()) customer[key] = value;
    }
    const Object& added = account.add(std::move(customer));
    account.emit("customer.created", added);
    return added;
}

void add_customer_routes(Routes& routes) {
    routes.on("POST /v1/customers",
              listing("coupon<basil:id promotion_code<basil:id payment_method:id test_clock:id "
                      "tax_id_data[]{type!:id value!:id}"),
              create);
    routes.list("/v1/customers", "email test_clock:id created:any", [](Call& call) {
        // Those of test clocks are listed only when their clock is named.
        return list_page(call, "customer", "/v1/customers", [&](const Object& customer) {
            return matches(call, customer, "email") &&
                   text(customer, "test_clock") == text(call.params, "test_clock");
        });
    });
    routes.on("GET /v1/customers/{id}", "", retrieve);
    routes.on("POST /v1/customers/{id}",
              listing("coupon<basil promotion_code<basil default_source:no"), update);
    routes.on("DELETE /v1/customers/{id}", "", remove);
}

}  // namespace paydesk::sandbox::stripe
