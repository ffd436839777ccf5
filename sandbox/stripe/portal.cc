#include "sandbox/stripe/portal.h"

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/portal_customer.h"
#include "sandbox/stripe/portal_updates.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view configuration_listing =
    "business_profile{headline privacy_policy_url terms_of_service_url} default_return_url "
    "login_page{enabled!:b} metadata:m name active:b "
    "features{customer_update{enabled:b allowed_updates[]:id} invoice_history{enabled!:b} "
    "payment_method_update{enabled!:b payment_method_configuration:any} "
    "subscription_cancel{enabled:b mode:(at_period_end|immediately) "
    "proration_behavior:(always_invoice|create_prorations|none) "
    "cancellation_reason{enabled!:b options[]:id feedback_options:no}} "
    "subscription_pause<acacia{enabled!:b} "
    "subscription_pause>=endive{enabled:b duration{type!:(indefinite|interval_options) "
    "interval_options[]{interval!:(day|month|week|year) interval_count:i}}} "
    "subscription_update{enabled:b default_allowed_updates[]:(price|promotion_code|quantity) "
    "products[]{product!:id prices[]!:id "
    "adjustable_quantity>=clover{enabled!:b minimum:i maximum:i}} "
    "proration_behavior:(always_invoice|create_prorations|none) "
    "billing_cycle_anchor>=dahlia:(now|unchanged) "
    "schedule_at_period_end>=acacia{"
    "conditions[]{type!:(decreasing_item_amount|shortening_interval)}} "
    "trial_update_behavior>=clover:(continue_trial|end_trial)}}";

void merge(const Object& given, Object& into) {
    for (const auto& [key, value] : given) {
        auto* slot = into.if_contains(key);
        if (slot && slot->is_object() && value.is_object()) {
            merge(value.get_object(), slot->get_object());
        } else if (slot) {
            *slot = value;
        }
    }
}

// What features ask of each other.
void check_features(const Object& configuration) {
    const Object& features = child(configuration, "features");
    const Object& update = child(features, "subscription_update");
    if (!flag(update, "enabled")) return;
    if (!flag(child(features, "payment_method_update"), "enabled")) {
        refuse("", "Cannot enable subscription updates while payment method update is disabled.",
               "features[subscription_update][enabled]");
    }
    for (const auto* key : {"default_allowed_updates", "products"}) {
        if (!children(update, key).empty()) continue;
        refuse_missing_param("features[subscription_update][" + std::string(key) + "]");
    }
}

void fill(const Account& account, const Object& params, Object& configuration) {
    Object known;
    copy_params(params, known,
                {"business_profile", "default_return_url", "features", "name", "active"});
    auto* features = known.if_contains("features");
    if (features && features->is_object()) {
        Object& given = features->get_object();
        const Object& update = child(given, "subscription_update");
        if (present(update, "products")) {
            given["subscription_update"].as_object()["products"] =
                portal_products(account, children(update, "products"));
        }
        auto* pause = given.if_contains("subscription_pause");
        const Object empty;
        for (const json::value& option :
             children(child(pause ? pause->as_object() : empty, "duration"), "interval_options")) {
            if (!present(option.get_object(), "interval_count")) {
                refuse_missing_param(
                    "features[subscription_pause][duration][interval_options][interval_count]");
            }
        }
    }
    // One that was stored before the sandbox knew of products has no place for them.
    auto& update = configuration["features"].as_object()["subscription_update"].as_object();
    if (!update.contains("products")) update["products"] = nullptr;
    merge(known, configuration);
    merge_metadata(params, configuration);
    check_features(configuration);
}

// An account that never saved one has a default one in the sandbox: nobody has to open a dashboard.
const Object& default_configuration(Account& account) {
    for (const auto& id : account.store().ids("billing_portal.configuration")) {
        const Object& configuration = *account.store().find(id);
        if (flag(configuration, "is_default")) return configuration;
    }
    Object configuration = blank("billing_portal.configuration");
    configuration["id"] = account.new_id("bpc_1");
    configuration["is_default"] = true;
    configuration["features"].as_object()["customer_update"] = Object{
        {"allowed_updates", json::array{"email", "name", "phone", "address", "tax_id"}},
        {"enabled",         true                                                      }
    };
    configuration["updated"] = account.now();
    return account.add(std::move(configuration));
}

// The subscription that a flow is about.
const Object& flow_subscription(const Call& call, const std::string& type,
                                const std::string& customer) {
    const auto param = "flow_data[" + type + "][subscription]";
    const auto id = text(child(child(call.params, "flow_data"), type), "subscription");
    if (id.empty()) refuse_missing_param(param);
    const Object& subscription = call.account.get("subscription", id, param);
    if (text(subscription, "customer") != customer) {
        refuse("", "The subscription does not belong to the customer of this session.", param);
    }
    if (present(subscription, "ended_at")) {
        refuse("", "The subscription " + id + " has ended.", param);
    }
    return subscription;
}

void add_confirmed_update(const Call& call, const Object& subscription, Object& shown) {
    const std::string param = "flow_data[subscription_update_confirm][items]";
    const Object& given = child(child(call.params, "flow_data"), "subscription_update_confirm");
    const auto& items = children(given, "items");
    if (items.size() != 1) {
        refuse("", "Exactly one item can be updated in this flow.", param);
    }
    const Object& wanted = items.front().get_object();
    const Object& item = child(subscription, "items").at("data").at(0).as_object();
    if (text(wanted, "id") != text(item, "id")) {
        refuse_missing("subscription_item", text(wanted, "id"), param + "[0][id]", false);
    }
    const auto price =
        present(wanted, "price") ? text(wanted, "price") : text(child(item, "price"), "id");
    call.account.get("price", price, param + "[0][price]");
    shown["items"] = json::array{
        Object{{"id", item.at("id")},
               {"price", price},
               {"quantity", number(wanted, "quantity", number(item, "quantity", 1))}}
    };
    json::array discounts;
    const Purchase purchase{.customer = text(subscription, "customer"),
                            .currency = text(subscription, "currency")};
    for (const json::value& one : wanted_discounts(call.account, given, purchase)) {
        discounts.push_back(Object{
            {"coupon",         value_of(one.get_object(), "coupon")        },
            {"promotion_code", value_of(one.get_object(), "promotion_code")}
        });
    }
    shown["discounts"] =
        discounts.empty() ? json::value(nullptr) : json::value(std::move(discounts));
}

json::value flow_of(Call& call, const std::string& customer, const Object& configuration) {
    const Object& data = child(call.params, "flow_data");
    if (data.empty()) return nullptr;
    const auto type = text(data, "type");
    Object after{
        {"hosted_confirmation", nullptr          },
        {"redirect",            nullptr          },
        {"type",                "portal_homepage"}
    };
    if (present(data, "after_completion")) {
        const Object& wanted = child(data, "after_completion");
        after["type"] = wanted.at("type");
        if (present(wanted, "redirect")) after["redirect"] = wanted.at("redirect");
        if (text(wanted, "type") == "hosted_confirmation") {
            after["hosted_confirmation"] = Object{
                {"custom_message",
                 value_of(child(wanted, "hosted_confirmation"), "custom_message")}
            };
        }
    }
    Object flow{
        {"after_completion",            std::move(after)},
        {"customer_update",             nullptr         },
        {"subscription_cancel",         nullptr         },
        {"subscription_pause",          nullptr         },
        {"subscription_update",         nullptr         },
        {"subscription_update_confirm", nullptr         },
        {"type",                        type            }
    };
    if (type == "customer_update") {
        if (allowed_updates(child(configuration, "features")).empty()) {
            refuse("",
                   "The configuration does not let customers update their information: enable "
                   "`features[customer_update]` and name its `allowed_updates`.",
                   "flow_data[type]");
        }
        flow[type] = Object();
        return flow;
    }
    if (type == "payment_method_update") return flow;
    const Object& subscription = flow_subscription(call, type, customer);
    const auto param = "flow_data[" + type + "]";
    Object shown{
        {"subscription", subscription.at("id")}
    };
    if (type == "subscription_cancel") {
        if (present(subscription, "cancel_at")) {
            refuse(
                "",
                "The subscription " + text(subscription, "id") + " is already set to be canceled.",
                param + "[subscription]");
        }
        shown["retention"] = nullptr;
    } else if (type == "subscription_pause") {
        if (!flag(child(child(configuration, "features"), type), "enabled")) {
            refuse("", "The configuration does not let customers pause subscriptions.", param);
        }
    } else {
        if (plan_choices(call.account, configuration, subscription).empty()) {
            refuse("",
                   "This subscription cannot be updated in the portal: the configuration's feature "
                   "`subscription_update` must be enabled and offer its plans, and it may have "
                   "only one item, no cancellation and no schedule with phases to come.",
                   param + "[subscription]");
        }
        if (type == "subscription_update_confirm") add_confirmed_update(call, subscription, shown);
    }
    flow[type] = std::move(shown);
    return flow;
}

json::value create_session(Call& call) {
    Account& account = call.account;
    const auto customer = text(call.params, "customer");
    account.get("customer", customer, "customer");
    const auto wanted = text(call.params, "configuration");
    const Object configuration =
        wanted.empty() ? default_configuration(account)
                       : account.get("billing_portal.configuration", wanted, "configuration");
    const auto return_url = text(call.params, "return_url");
    if (!return_url.empty() && !return_url.starts_with("http://") &&
        !return_url.starts_with("https://")) {
        refuse("url_invalid", "Not a valid URL", "return_url");
    }
    Object session = blank("billing_portal.session");
    session["id"] = account.new_id("bps_1");
    session["configuration"] = configuration.at("id");
    session["customer"] = customer;
    session["flow"] = flow_of(call, customer, configuration);
    session["locale"] = value_of(call.params, "locale");
    session["return_url"] = return_url.empty() ? value_of(configuration, "default_return_url")
                                               : json::value(return_url);
    session["url"] = account.base_url() + "/p/session/" + text(session, "id");
    const Object& added = account.add(std::move(session));
    account.emit("billing_portal.session.created", added);
    return added;
}

json::value create_configuration(Call& call) {
    Object configuration = blank("billing_portal.configuration");
    configuration["id"] = call.account.new_id("bpc_1");
    configuration["updated"] = call.account.now();
    fill(call.account, call.params, configuration);
    const Object& added = call.account.add(std::move(configuration));
    call.account.emit("billing_portal.configuration.created", added);
    return added;
}

json::value update_configuration(Call& call) {
    const auto id = text(call.target("billing_portal.configuration", "configuration"), "id");
    return call.account.change(id, "billing_portal.configuration.updated",
                               [&](Object& configuration) {
                                   fill(call.account, call.params, configuration);
                                   configuration["updated"] = call.account.now();
                               });
}

}  // namespace

CardSaved save_card(Account& account, const std::string& session_id, const CardDetails& details) {
    const auto customer = text(account.get("billing_portal.session", session_id), "customer");
    const auto method = text(add_payment_method(account, details), "id");
    const auto intent = text(add_setup_intent(account,
                                              Object{
                                                  {"customer", customer  },
                                                  {"_portal",  session_id}
    }),
                             "id");
    const auto outcome = confirm_setup(account, intent, {.payment_method = method});
    if (outcome == Outcome::requires_action) {
        return {.outcome = outcome, .url = three_d_secure_url(account, intent)};
    }
    if (outcome == Outcome::declined) {
        return {.outcome = outcome,
                .message = refusal_of(account.get("setup_intent", intent)).message};
    }
    attach_method(account, method, customer);
    use_new_method(account, session_id, method);
    return {};
}

void use_new_method(Account& account, const std::string& session_id, const std::string& method) {
    const auto customer = text(account.get("billing_portal.session", session_id), "customer");
    account.change(customer, "customer.updated", [&](Object& changed) {
        changed["invoice_settings"].as_object()["default_payment_method"] = method;
    });
    const auto subscriptions = account.store().ids("subscription");
    for (const auto& id : subscriptions) {
        const Object& subscription = *account.store().find(id);
        if (text(subscription, "customer") != customer || present(subscription, "ended_at"))
            continue;
        account.change(id, "customer.subscription.updated",
                       [&](Object& changed) { changed["default_payment_method"] = method; });
    }
}

void add_portal_routes(Routes& routes) {
    routes.on("POST /v1/billing_portal/sessions",
              "customer!:id configuration:id return_url locale on_behalf_of:no "
              "flow_data{type<endive!:(payment_method_update|subscription_cancel|"
              "subscription_update|subscription_update_confirm) "
              "type>=endive!:(customer_update|payment_method_update|subscription_cancel|"
              "subscription_pause|subscription_update|subscription_update_confirm) "
              "after_completion{type!:(hosted_confirmation|portal_homepage|redirect) "
              "redirect{return_url!} hosted_confirmation{custom_message}} "
              "subscription_cancel{subscription!:id retention:no} "
              "subscription_update{subscription!:id} "
              "subscription_update_confirm{subscription!:id items[]!{id!:id price:id quantity:i} "
              "discounts[]{coupon:id promotion_code:id}} "
              "subscription_pause>=endive{subscription!:id}}",
              create_session);
    routes.on("POST /v1/billing_portal/configurations", configuration_listing,
              create_configuration);
    routes.list("/v1/billing_portal/configurations", "active:b is_default:b", [](Call& call) {
        return list_page(call, "billing_portal.configuration", "/v1/billing_portal/configurations",
                         [&](const Object& configuration) {
                             return matches(call, configuration, "active") &&
                                    matches(call, configuration, "is_default");
                         });
    });
    routes.on("GET /v1/billing_portal/configurations/{id}", "", [](Call& call) -> json::value {
        return call.target("billing_portal.configuration", "configuration");
    });
    routes.on("POST /v1/billing_portal/configurations/{id}", configuration_listing,
              update_configuration);
}

}  // namespace paydesk::sandbox::stripe
