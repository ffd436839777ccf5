// Subscriptions: /v1/subscriptions.

#include <algorithm>
#include <cctype>
#include <chrono>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/inline_prices.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/subscription_updates.h"
#include "sandbox/stripe/taxes.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

const std::string shared_listing =
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
    "discounts[]{coupon:id promotion_code:id discount:id} add_invoice_items[]{price:id quantity:i "
    "metadata>=clover:m " +
    std::string(one_time_price_data) +
    "discounts:no "
    "tax_rates[]:id period>=clover:no discountable>=endive:no} "
    "application_fee_percent:no default_source:no "
    "default_tax_rates[]:id on_behalf_of:no "
    "pending_invoice_item_interval:no transfer_data:no billing_thresholds:no "
    "billing_schedules>=endive:no trial_from_plan:b ";

const std::string create_listing =
    "customer!:id currency:id items[]!{price:id plan:id quantity:i metadata:m " +
    std::string(recurring_price_data) +
    "billing_thresholds:no discounts:no tax_rates[]:id current_trial:no} trial_period_days:i "
    "trial_end "
    "billing_mode>=basil{type!:(classic|flexible) "
    "flexible{proration_discounts:(included|itemized)}} backdate_start_date:no "
    "billing_cycle_anchor:t cancel_at "
    "billing_cycle_anchor_config{day_of_month!:i month:i hour:i minute:i second:i} ";

std::int64_t trial_end_of(const Call& call, const SubscriptionOrder& order, std::int64_t now) {
    const Object& params = call.params;
    const auto given = text(params, "trial_end");
    const bool from_plan = flag(params, "trial_from_plan");
    if (!given.empty() && (present(params, "trial_period_days") || from_plan)) {
        refuse("parameters_exclusive",
               "You may only specify one of these parameters: trial_end, trial_from_plan, "
               "trial_period_days.");
    }
    if (present(params, "trial_period_days")) {
        return now + number(params, "trial_period_days") * 86400;
    }
    if (from_plan) {
        const auto days = trial_days_of(call.account.get("price", order.items.front().price));
        return days > 0 ? now + days * 86400 : 0;
    }
    if (given.empty() || given == "now") return 0;
    const auto end = seconds_of(given, "trial_end");
    if (end <= now) refuse("", "Trial end must be in the future.", "trial_end");
    return end;
}

// The first moment from now on that the configuration names; what it leaves out is as it is now.
std::int64_t configured_anchor(const Object& config, bool yearly, std::int64_t now) {
    using namespace std::chrono;
    const sys_seconds at{seconds{now}};
    const auto today = floor<days>(at);
    const hh_mm_ss time{at - today};
    const auto within = [&](const char* key, std::int64_t low, std::int64_t high,
                            std::int64_t otherwise) {
        const auto value = number(config, key, otherwise);
        const auto param = "billing_cycle_anchor_config[" + std::string(key) + "]";
        if (value < low || value > high)
            refuse("parameter_invalid_integer", "Out of range.", param);
        return value;
    };
    const auto day = within("day_of_month", 1, 31, 1);
    const auto month_wanted = within("month", 1, 12, 1);
    const seconds of_day = hours{within("hour", 0, 23, time.hours().count())} +
                           minutes{within("minute", 0, 59, time.minutes().count())} +
                           seconds{within("second", 0, 59, time.seconds().count())};
    if (present(config, "month") && !yearly) {
        refuse("", "A month can only be given for prices that are billed every year.",
               "billing_cycle_anchor_config[month]");
    }
    auto month = year_month_day{today}.year() / year_month_day{today}.month();
    for (;; month += months{1}) {
        if (present(config, "month") && unsigned{month.month()} != month_wanted) continue;
        const auto last = static_cast<unsigned>(
            year_month_day_last{month.year(), month_day_last{month.month()}}.day());
        const auto candidate =
            sys_days{month / std::chrono::day{std::min(static_cast<unsigned>(day), last)}} + of_day;
        if (candidate <= at) continue;
        if (day > last) {
            refuse_unsupported("an anchor that the first month is too short for",
                               "billing_cycle_anchor_config[day_of_month]");
        }
        return candidate.time_since_epoch().count();
    }
}

// Where the first whole period begins; 0 for now.
std::int64_t anchor_of(const Call& call, const SubscriptionOrder& order, std::int64_t now) {
    const Object& params = call.params;
    const Object& recurring =
        child(call.account.get("price", order.items.front().price), "recurring");
    const auto interval = text(recurring, "interval");
    auto anchor = number(params, "billing_cycle_anchor");
    if (present(params, "billing_cycle_anchor_config")) {
        const auto* param = "billing_cycle_anchor_config";
        if (anchor != 0) {
            refuse("parameters_exclusive",
                   "You may only specify one of these parameters: billing_cycle_anchor, "
                   "billing_cycle_anchor_config.");
        }
        if (interval != "month" && interval != "year") {
            refuse("", "Only prices that are billed by the month or year have such an anchor.",
                   param);
        }
        anchor = configured_anchor(child(params, param), interval == "year", now);
    }
    return anchor;
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
        const auto path = "items[" + std::to_string(i) + "]";
        if (price.empty()) refuse_missing_param(path + "[price]");
        const Object& known = call.account.get("price", price, path + "[price]");
        refuse_metered_quantity(known, item, path);
        refuse_legacy_metered(known, call.version.shape, path + "[price]");
        order.items.push_back(
            {.price = price,
             .quantity = number(item, "quantity", 1),
             .metadata = child(item, "metadata"),
             .tax_rates =
                 tax_rates_named(call.account, children(item, "tax_rates"), path + "[tax_rates]")});
    }
    take_tax(call, order);
    if (order.items.empty()) refuse_missing_param("items");
    check_order(call.account, order, "items");
    const auto now = call.account.now();
    order.trial_end = trial_end_of(call, order, now);
    order.anchor = anchor_of(call, order, now);
    check_anchor(call.account, order, "billing_cycle_anchor");
    order.bills_until_anchor = text(params, "proration_behavior") != "none";
    for (const json::value& value : children(params, "add_invoice_items")) {
        const Object& item = value.get_object();
        const auto param =
            "add_invoice_items[" + std::to_string(order.one_time.size()) + "][price]";
        if (!present(item, "price")) refuse_missing_param(param);
        const Object& price = one_time_price(call.account, text(item, "price"), param);
        check_currency(price, currency_of(call.account, order), param);
        order.one_time.push_back(
            {.price = text(price, "id"),
             .quantity = number(item, "quantity", 1),
             .metadata = child(item, "metadata"),
             .tax_rates = tax_rates_named(call.account, children(item, "tax_rates"),
                                          "add_invoice_items[tax_rates]")});
    }
    for (const auto* key : {"metadata", "description", "default_payment_method",
                            "collection_method", "days_until_due", "billing_cycle_anchor_config"}) {
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
    const bool paid = is_accepted(outcome);  // a debit's bank answers later: it begins now
    if (!paid && behavior == "error_if_incomplete") {
        Refusal refusal = outcome == Outcome::declined
                              ? refusal_of(account.get("payment_intent", intent))
                              : action_required();
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
    if (behavior == "pending_if_incomplete") {
        refuse("",
               "`payment_behavior=pending_if_incomplete` can only be used when a subscription is "
               "updated.",
               "payment_behavior");
    }

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
        refuse_no_method();
    } else {
        id = begin_and_pay(call, order, method, amount);
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
    cancel_subscription(
        account, id, "cancellation_requested",
        {.prorate = flag(call.params, "prorate"), .invoice_now = flag(call.params, "invoice_now")});
    return account.get("subscription", id);
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
    routes.on("POST /v1/subscriptions", shared_listing + create_listing,
              with_inline_prices(create));
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
    add_subscription_update_routes(routes, shared_listing);
    routes.on("DELETE /v1/subscriptions/{id}",
              "prorate:b invoice_now:b cancellation_details{comment "
              "feedback:(customer_service|low_quality|missing_features|other|switched_service|"
              "too_complex|too_expensive|unused)? feedback_option:no}",
              cancel);
}

}  // namespace paydesk::sandbox::stripe
