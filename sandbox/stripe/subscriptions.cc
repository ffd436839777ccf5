// Subscriptions: /v1/subscriptions.

#include "sandbox/stripe/subscribing.h"

#include <algorithm>
#include <cctype>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/taxes.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::string_view shared_listing =
    "metadata:m description default_payment_method:id? cancel_at_period_end:b "
    "collection_method:(charge_automatically|send_invoice) days_until_due:i "
    "payment_behavior:(allow_incomplete|default_incomplete|error_if_incomplete|"
    "pending_if_incomplete) "
    "payment_settings{payment_method_types[]:id "
    "save_default_payment_method:(off|on_subscription)} "
    "proration_behavior:(always_invoice|create_prorations|none) off_session:b "
    "trial_settings{end_behavior!{missing_payment_method:(cancel|create_invoice|pause) "
    "billing_cycle_anchor>=endive:(now|unchanged)}} "
    "automatic_tax{enabled!:b liability{type!:(account|self) account:no}} coupon<basil "
    "promotion_code<basil "
    "discounts[]{coupon:id promotion_code:id discount:id} add_invoice_items[]:no "
    "application_fee_percent:no default_source:no "
    "default_tax_rates[]:id on_behalf_of:no "
    "pending_invoice_item_interval:no transfer_data:no billing_thresholds:no "
    "billing_schedules>=endive:no trial_from_plan:b ";

constexpr std::string_view create_listing =
    "customer!:id currency:id items[]!{price:id plan:id quantity:i metadata:m price_data:no "
    "billing_thresholds:no discounts:no tax_rates[]:id current_trial:no} trial_period_days:i "
    "trial_end "
    "billing_mode>=basil{type!:(classic|flexible) "
    "flexible{proration_discounts:(included|itemized)}} backdate_start_date:no "
    "billing_cycle_anchor:no billing_cycle_anchor_config:no cancel_at:no ";

constexpr std::string_view update_listing =
    "items[]{id:id price:id plan:id quantity:i deleted:b clear_usage:b metadata:m price_data:no "
    "billing_thresholds:no discounts:no tax_rates[]:id} cancel_at trial_end "
    "cancellation_details{comment feedback:(customer_service|low_quality|missing_features|other|"
    "switched_service|too_complex|too_expensive|unused)? feedback_option:no} "
    "pause_collection?{behavior!:(keep_as_draft|mark_uncollectible|void) resumes_at:t} "
    "billing_cycle_anchor<endive:(now|unchanged) "
    "billing_cycle_anchor>=endive{type!:(now|unchanged)} proration_date:i ";

std::int64_t seconds(const std::string& digits, std::string_view param) {
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
        refuse("parameter_invalid_integer", "Invalid timestamp: " + digits, param);
    }
    return std::stoll(digits.substr(0, 12));
}

// {enabled, liability, disabled_reason}. Refuses a customer whom automatic tax cannot place.
Object automatic_tax_of(const Call& call, const std::string& customer) {
    const bool enabled = flag(child(call.params, "automatic_tax"), "enabled");
    if (enabled && tax_rules(call.account.get("customer", customer), {}, true).place.empty()) {
        refuse_tax_location("automatic_tax[enabled]");
    }
    return {
        {"disabled_reason", nullptr                                                               },
        {"enabled",         enabled                                                               },
        {"liability",       enabled ? json::value(Object{{"type", "self"}}) : json::value(nullptr)}
    };
}

void take_tax(Call& call, SubscriptionOrder& order) {
    order.fields["automatic_tax"] = automatic_tax_of(call, order.customer);
    order.fields["default_tax_rates"] = tax_rates_named(
        call.account, children(call.params, "default_tax_rates"), "default_tax_rates");
    if (flag(child(order.fields, "automatic_tax"), "enabled") &&
        !children(order.fields, "default_tax_rates").empty()) {
        refuse("", "You can't use default_tax_rates with automatic_tax.", "default_tax_rates");
    }
}

SubscriptionOrder order_of(Call& call) {
    const Object& params = call.params;
    SubscriptionOrder order{.customer = text(params, "customer")};
    call.account.get("customer", order.customer, "customer");
    order.currency = text(params, "currency");
    std::ranges::transform(order.currency, order.currency.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    const auto& items = children(params, "items");
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Object& item = items[i].get_object();
        const auto price = text(item, present(item, "price") ? "price" : "plan");
        if (price.empty()) refuse_missing_param("items[" + std::to_string(i) + "][price]");
        order.items.push_back(
            {.price = price,
             .quantity = number(item, "quantity", 1),
             .metadata = child(item, "metadata"),
             .tax_rates = tax_rates_named(call.account, children(item, "tax_rates"),
                                          "items[" + std::to_string(i) + "][tax_rates]")});
    }
    take_tax(call, order);
    if (order.items.empty()) refuse_missing_param("items");
    check_order(call.account, order, "items");
    const auto now = call.account.now();
    if (present(params, "trial_period_days")) {
        order.trial_end = now + number(params, "trial_period_days") * 86400;
    }
    const auto trial_end = text(params, "trial_end");
    if (!trial_end.empty() && trial_end != "now") {
        order.trial_end = seconds(trial_end, "trial_end");
        if (order.trial_end <= now) {
            refuse("", "Trial end must be in the future.", "trial_end");
        }
    }
    for (const auto* key : {"metadata", "description", "default_payment_method",
                            "collection_method", "days_until_due"}) {
        if (present(params, key)) order.fields[key] = params.at(key);
    }
    Purchase purchase{.customer = order.customer,
                      .amount = first_amount(call.account, order),
                      .currency = currency_of(call.account, order)};
    if (order.trial_end > now) purchase.amount = -1;
    order.discounts = wanted_discounts(call.account, params, purchase);
    order.fields["trial_settings"] = trial_settings_for(child(params, "trial_settings"));
    order.fields["billing_mode"] =
        billing_mode_for(child(params, "billing_mode"), call.version.shape);
    if (present(params, "payment_settings")) {
        Object settings{
            {"payment_method_options",      nullptr},
            {"payment_method_types",        nullptr},
            {"save_default_payment_method", "off"  }
        };
        copy_params(child(params, "payment_settings"), settings,
                    {"payment_method_types", "save_default_payment_method"});
        order.fields["payment_settings"] = std::move(settings);
    }
    return order;
}

// What pays the first invoice: the subscription's own method, or the customer's.
std::string method_of(Call& call, SubscriptionOrder& order) {
    if (order.fields.contains("default_payment_method")) {
        const auto id =
            text(resolve_method(call.account, text(order.fields, "default_payment_method"),
                                "default_payment_method"),
                 "id");
        const Object& method = call.account.get("payment_method", id);
        if (text(method, "customer") != order.customer) {
            refuse("resource_missing",
                   "The customer does not have a payment method with the ID " + id +
                       ". The payment method must be attached to the customer.",
                   "default_payment_method");
        }
        order.fields["default_payment_method"] = id;
        return id;
    }
    const Object& customer = call.account.get("customer", order.customer);
    return text(child(customer, "invoice_settings"), "default_payment_method");
}

// The first payment, before anything else exists: a decline then leaves what payment_behavior says.
std::string begin_and_pay(Call& call, const SubscriptionOrder& order, const std::string& method,
                          std::int64_t amount) {
    Account& account = call.account;
    const auto behavior = text(call.params, "payment_behavior");
    const auto invoice = new_invoice_id(account);
    const auto intent = text(add_payment_intent(account, amount, currency_of(account, order),
                                                Object{
                                                    {"customer",           order.customer         },
                                                    {"description",        "Subscription creation"},
                                                    {"setup_future_usage", "off_session"          },
                                                    {"_invoice",           invoice                }
    }),
                             "id");
    const auto outcome = confirm_payment(
        account, intent,
        {.payment_method = method, .off_session = flag(call.params, "off_session")});
    const bool paid = outcome == Outcome::succeeded;
    if (!paid && behavior == "error_if_incomplete") {
        Refusal refusal =
            outcome == Outcome::declined
                ? refusal_of(account.get("payment_intent", intent))
                : Refusal{.status = 402,
                          .type = "card_error",
                          .code = "subscription_payment_intent_requires_action",
                          .message =
                              "Payment for this subscription requires additional user "
                              "action before it can be completed successfully."};
        refusal.keep_changes = false;
        throw refusal;
    }
    const auto id =
        begin_subscription(account, order, paid ? "active" : "incomplete", invoice, intent);
    if (!paid) note_failed_payment(account, invoice, outcome);
    return id;
}

json::value create(Call& call) {
    Account& account = call.account;
    SubscriptionOrder order = order_of(call);
    const auto method = method_of(call, order);
    const auto amount = first_amount(account, order);
    const bool trial = order.trial_end > account.now();
    const auto behavior = text(call.params, "payment_behavior");
    const bool sends = text(call.params, "collection_method") == "send_invoice";
    if (sends && !present(call.params, "days_until_due")) refuse_missing_param("days_until_due");

    std::string id;
    if (trial || amount == 0 || sends) {
        id = begin_subscription(account, order, trial ? "trialing" : "active",
                                new_invoice_id(account), "");
        if (trial && method.empty()) {
            const auto setup = text(add_setup_intent(account,
                                                     Object{
                                                         {"customer", order.customer}
            }),
                                    "id");
            account.change(id, "", [&](Object& subscription) {
                subscription["pending_setup_intent"] = setup;
            });
        }
    } else if (behavior == "default_incomplete") {
        id = begin_subscription(account, order, "incomplete", new_invoice_id(account), "");
    } else if (method.empty()) {
        refuse("resource_missing",
               "This customer has no attached payment source or default payment method. Please "
               "consider adding a default payment method. For more information, visit "
               "https://stripe.com/docs/billing/subscriptions/payment-methods-setting");
    } else {
        id = begin_and_pay(call, order, method, amount);
    }
    if (flag(call.params, "cancel_at_period_end")) {
        cancel_at_period_end(account, id, CancelBy::api);
    }
    return account.get("subscription", id);
}

void change_cancellation(Call& call, const std::string& id) {
    Account& account = call.account;
    if (present(call.params, "cancel_at_period_end")) {
        if (present(call.params, "cancel_at")) {
            refuse("parameters_exclusive",
                   "You may only specify one of these parameters: "
                   "cancel_at, cancel_at_period_end.");
        }
        if (flag(call.params, "cancel_at_period_end")) {
            cancel_at_period_end(account, id, CancelBy::api);
        } else {
            keep_subscription(account, id);
        }
    } else if (present(call.params, "cancel_at")) {
        const auto given = text(call.params, "cancel_at");
        const auto end = period_end_of(account.get("subscription", id));
        const auto at = given == "min_period_end" || given == "max_period_end"
                            ? end
                            : seconds(given, "cancel_at");
        account.change(id, "customer.subscription.updated", [&](Object& subscription) {
            subscription["cancel_at"] = at;
            subscription["canceled_at"] = account.now();
            subscription["cancellation_details"].as_object()["reason"] = "cancellation_requested";
        });
    } else if (call.params.contains("cancel_at")) {
        keep_subscription(account, id);
    }
}

void change_fields(Call& call, const std::string& id) {
    Account& account = call.account;
    const Object& params = call.params;
    std::string method = text(params, "default_payment_method");
    if (!method.empty()) account.get("payment_method", method, "default_payment_method");
    const json::array rates =
        tax_rates_named(account, children(params, "default_tax_rates"), "default_tax_rates");
    const Object tax = automatic_tax_of(call, text(account.get("subscription", id), "customer"));
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        copy_params(
            params, subscription,
            {"description", "collection_method", "days_until_due", "default_payment_method"});
        if (params.contains("default_tax_rates")) subscription["default_tax_rates"] = rates;
        if (present(params, "automatic_tax")) subscription["automatic_tax"] = tax;
        if (present(params, "trial_settings")) {
            subscription["trial_settings"] = trial_settings_for(child(params, "trial_settings"));
        }
        if (params.contains("pause_collection")) {
            subscription["pause_collection"] = nullptr;
            if (present(params, "pause_collection")) {
                const Object& pause = child(params, "pause_collection");
                subscription["pause_collection"] = Object{
                    {"behavior", pause.at("behavior")},
                    {"resumes_at", value_of(pause, "resumes_at")}
                };
            }
        }
        copy_params(child(params, "payment_settings"), subscription["payment_settings"].as_object(),
                    {"payment_method_types", "save_default_payment_method"});
        copy_params(child(params, "cancellation_details"),
                    subscription["cancellation_details"].as_object(), {"comment", "feedback"});
        merge_metadata(params, subscription);
    });
}

// `discounts`, or `coupon` and `promotion_code` in old versions; an empty one takes them off.
void change_discounts(Call& call, const std::string& id) {
    const Object& params = call.params;
    bool given = false;
    for (const auto* key : {"coupon", "promotion_code", "discounts"}) {
        given = given || params.contains(key);
    }
    if (!given) return;
    Account& account = call.account;
    const Object before = account.get("subscription", id);
    const Purchase purchase{.customer = text(before, "customer"),
                            .currency = text(before, "currency")};
    set_subscription_discounts(account, id, wanted_discounts(account, params, purchase));
    account.emit("customer.subscription.updated", account.get("subscription", id), &before);
}

json::value update(Call& call) {
    Account& account = call.account;
    const Object& before = call.target("subscription");
    const auto id = text(before, "id");
    if (present(before, "ended_at")) {
        for (const auto& [key, value] : call.params) {
            if (key == "metadata" || key == "cancellation_details" || key == "expand") continue;
            refuse("",
                   "A canceled subscription can only update its cancellation_details and "
                   "metadata.");
        }
    }
    change_fields(call, id);
    change_discounts(call, id);
    if (present(call.params, "trial_end")) {
        const auto given = text(call.params, "trial_end");
        if (given != "now") refuse_unsupported("moving a trial's end", "trial_end");
        if (text(account.get("subscription", id), "status") == "trialing") {
            account.change(
                id, "", [&](Object& subscription) { subscription["trial_end"] = account.now(); });
            end_period_now(account, id);
            end_trial(account, id);
        }
    }
    const auto& items = children(call.params, "items");
    if (!items.empty()) {
        const auto behavior = text(call.params, "proration_behavior");
        change_items(account, id, items, behavior.empty() ? "create_prorations" : behavior,
                     number(call.params, "proration_date"));
    }
    change_cancellation(call, id);
    return account.get("subscription", id);
}

json::value cancel(Call& call) {
    Account& account = call.account;
    const auto id = text(call.target("subscription"), "id");
    if (present(account.get("subscription", id), "ended_at")) {
        refuse_missing("subscription", id, "id", true);
    }
    account.change(id, "", [&](Object& subscription) {
        copy_params(child(call.params, "cancellation_details"),
                    subscription["cancellation_details"].as_object(), {"comment", "feedback"});
    });
    cancel_subscription(account, id, "cancellation_requested");
    return account.get("subscription", id);
}

json::value resume(Call& call) {
    const auto id = text(call.target("subscription"), "id");
    if (text(call.account.get("subscription", id), "status") != "paused") {
        refuse("", "Only paused subscriptions can be resumed.");
    }
    resume_subscription(call.account, id);
    return call.account.get("subscription", id);
}

bool listed(const Call& call, const Object& subscription) {
    const auto wanted = text(call.params, "status");
    const auto status = text(subscription, "status");
    if (wanted.empty() && (status == "canceled" || status == "incomplete_expired")) return false;
    if (wanted == "ended" && status != "canceled" && status != "incomplete_expired") return false;
    if (!wanted.empty() && wanted != "all" && wanted != "ended" && wanted != status) return false;
    if (present(call.params, "price")) {
        bool has = false;
        for (const json::value& item : children(child(subscription, "items"), "data")) {
            has =
                has || value_of(child(item.get_object(), "price"), "id") == call.params.at("price");
        }
        if (!has) return false;
    }
    // Those of test clocks are listed only when their clock or customer is named.
    if (!present(call.params, "customer") &&
        text(subscription, "test_clock") != text(call.params, "test_clock")) {
        return false;
    }
    return matches(call, subscription, "customer") && matches(call, subscription, "test_clock") &&
           matches(call, subscription, "collection_method");
}

}  // namespace

void add_subscription_routes(Routes& routes) {
    const std::string shared(shared_listing);
    routes.on("POST /v1/subscriptions", shared + std::string(create_listing), create);
    routes.list("/v1/subscriptions",
                "customer:id price:id plan:id collection_method "
                "status:(active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|"
                "trialing|unpaid) test_clock:id created:any "
                "current_period_end:no current_period_start:no",
                [](Call& call) {
                    return list_page(call, "subscription", "/v1/subscriptions",
                                     [&](const Object& object) { return listed(call, object); });
                });
    routes.on("GET /v1/subscriptions/{id}", "",
              [](Call& call) -> json::value { return call.target("subscription"); });
    routes.on("POST /v1/subscriptions/{id}", shared + std::string(update_listing), update);
    routes.on("DELETE /v1/subscriptions/{id}",
              "prorate:b invoice_now:b cancellation_details{comment "
              "feedback:(customer_service|low_quality|missing_features|other|switched_service|"
              "too_complex|too_expensive|unused)? feedback_option:no}",
              cancel);
    routes.on("POST /v1/subscriptions/{id}/resume",
              "billing_cycle_anchor:any proration_behavior payment_behavior proration_date:i",
              resume);
}

}  // namespace paydesk::sandbox::stripe
