#include "sandbox/stripe/portal_updates.h"

#include <algorithm>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/pending_updates.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/schedule_phases.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/subscription_changes.h"

namespace paydesk::sandbox::stripe {
namespace {

const Object& feature_of(const Object& configuration) {
    return child(child(configuration, "features"), "subscription_update");
}

bool allows(const Object& feature, std::string_view update) {
    return std::ranges::any_of(
        children(feature, "default_allowed_updates"),
        [&](const json::value& allowed) { return allowed.as_string() == update; });
}

bool has_future_phases(const Account& account, const Object& subscription) {
    const auto* schedule = account.find("subscription_schedule", text(subscription, "schedule"));
    if (!schedule) return false;
    return std::ranges::any_of(children(*schedule, "phases"), [&](const json::value& phase) {
        return number(phase.get_object(), "start_date") > account.now();
    });
}

// The one item of a subscription that can be changed here; nullptr for none.
const Object* changeable_item(const Account& account, const Object& subscription) {
    const auto status = text(subscription, "status");
    const auto& items = children(child(subscription, "items"), "data");
    if (items.size() != 1 || present(subscription, "cancel_at") ||
        (status != "active" && status != "trialing") || has_future_phases(account, subscription)) {
        return nullptr;
    }
    return &items.front().get_object();
}

// Days, near enough to say which of two intervals is the shorter.
std::int64_t days_of(const Object& price) {
    const Object& recurring = child(price, "recurring");
    const auto interval = text(recurring, "interval");
    const auto days = interval == "day"     ? 1
                      : interval == "week"  ? 7
                      : interval == "month" ? 30
                                            : 365;
    return days * number(recurring, "interval_count", 1);
}

bool waits_for_period_end(const Account& account, const Object& feature, const Object& item,
                          const PlanChange& change) {
    const auto currency = text(account.get("subscription", change.subscription), "currency");
    const Object before = presented(child(item, "price"), currency);
    const Object after = presented(account.get("price", change.price), currency);
    for (const json::value& value :
         children(child(feature, "schedule_at_period_end"), "conditions")) {
        const auto type = text(value.get_object(), "type");
        if (type == "shortening_interval" && days_of(after) < days_of(before)) return true;
        if (type == "decreasing_item_amount" &&
            amount_of(after, change.quantity) < amount_of(before, number(item, "quantity", 1))) {
            return true;
        }
    }
    return false;
}

// The item that changes. Refuses what the configuration does not offer.
Object checked_item(const Account& account, const Object& configuration, const PlanChange& change) {
    const Object& subscription = account.get("subscription", change.subscription);
    const auto choices = plan_choices(account, configuration, subscription);
    const auto chosen = std::ranges::find(choices, change.price, &PlanChoice::price);
    if (chosen == choices.end()) refuse("", "This plan is not offered here.", "price");
    if (change.quantity < chosen->minimum || change.quantity > chosen->maximum) {
        refuse("",
               "The quantity must be from " + std::to_string(chosen->minimum) + " to " +
                   std::to_string(chosen->maximum) + ".",
               "quantity");
    }
    const Object* item = changeable_item(account, subscription);
    if (text(child(*item, "price"), "id") == change.price &&
        number(*item, "quantity", 1) == change.quantity && change.discounts.empty()) {
        refuse("", "This is the plan that you have already.");
    }
    return *item;
}

// The change comes with the next period.
void schedule_plan(Account& account, const Object& item, const PlanChange& change) {
    const auto given = text(account.get("subscription", change.subscription), "schedule");
    const auto id = given.empty() ? schedule_subscription(account, change.subscription) : given;
    const Object schedule = account.get("subscription_schedule", id);
    const Object now = children(schedule, "phases").back().as_object();
    json::array phases{now};
    const Object next{
        {"items",              json::array{Object{{"price", change.price},
                                     {"quantity", change.quantity},
                                     {"metadata", child(item, "metadata")}}}},
        {"proration_behavior", "none"                                                        }
    };
    const auto made =
        phases_from(account, {next}, number(now, "end_date"), text(schedule, "customer"));
    phases.push_back(made.front());
    change_schedule(account, id, {.phases = phases});
}

SubscriptionChange change_at_once(const Account& account, const Object& feature, const Object& item,
                                  const PlanChange& change) {
    const Object& subscription = account.get("subscription", change.subscription);
    const bool trial = text(subscription, "status") == "trialing";
    SubscriptionChange wanted{
        .items = {Object{
            {"id", item.at("id")}, {"price", change.price}, {"quantity", change.quantity}}},
        .proration_behavior = text(feature, "proration_behavior"),
        .anchor_now = !trial && text(feature, "billing_cycle_anchor") == "now",
        .off_session = false};
    if (trial && text(feature, "trial_update_behavior") == "end_trial") {
        wanted.trial_end = account.now();
    }
    return wanted;
}

void set_discounts(Account& account, const PlanChange& change) {
    if (change.discounts.empty()) return;
    set_subscription_discounts(account, change.subscription, change.discounts);
}

}  // namespace

std::vector<PlanChoice> plan_choices(const Account& account, const Object& configuration,
                                     const Object& subscription) {
    const Object& feature = feature_of(configuration);
    const Object* item = changeable_item(account, subscription);
    if (!flag(feature, "enabled") || !item) return {};
    const auto current = text(child(*item, "price"), "id");
    const auto quantity = number(*item, "quantity", 1);
    std::vector<PlanChoice> choices;
    for (const json::value& value : children(feature, "products")) {
        const Object& offered = value.get_object();
        const auto* product = account.find("product", text(offered, "product"));
        if (!product) continue;
        const Object& adjustable = child(offered, "adjustable_quantity");
        for (const json::value& name : children(offered, "prices")) {
            const std::string id(name.as_string());
            const auto* price = account.find("price", id);
            if (!price || !is_sold_in(*price, text(subscription, "currency"))) continue;
            if (id != current && (!allows(feature, "price") || !flag(*price, "active"))) continue;
            PlanChoice choice{.price = id,
                              .name = text(*product, "name"),
                              .minimum = quantity,
                              .maximum = quantity};
            if (allows(feature, "quantity") && flag(adjustable, "enabled")) {
                choice.minimum = number(adjustable, "minimum", 1);
                choice.maximum = number(adjustable, "maximum", 999'999);
            }
            choices.push_back(std::move(choice));
        }
    }
    return choices;
}

PlanQuote quote_plan(Account& account, const Object& configuration, const PlanChange& change) {
    const Object item = checked_item(account, configuration, change);
    const Object before = account.get("subscription", change.subscription);
    PlanQuote quote{.at = account.now(), .currency = text(before, "currency")};
    try {
        set_discounts(account, change);
        if (waits_for_period_end(account, feature_of(configuration), item, change)) {
            quote.at = period_end_of(before);
            schedule_plan(account, item, change);
            const auto schedule =
                text(account.get("subscription", change.subscription), "schedule");
            // As at the end of the period, which is when it is done.
            account.change(change.subscription, "", [&](Object& subscription) {
                for (json::value& one : subscription["items"].as_object()["data"].as_array()) {
                    one.get_object()["current_period_end"] = account.now();
                }
            });
            advance_schedule(account, schedule);
        } else {
            auto wanted = change_at_once(account, feature_of(configuration), item, change);
            wanted.payment_behavior = PaymentBehavior::default_incomplete;
            change_subscription(account, change.subscription, wanted);
        }
        const Object changed = account.get("subscription", change.subscription);
        const auto invoice = text(changed, "latest_invoice");
        if (invoice != text(before, "latest_invoice")) {
            quote.due_now = number(account.get("invoice", invoice), "total");
        }
        quote.next_at = quote.at == account.now() ? period_end_of(changed) : quote.at;
        renew_subscription(account, change.subscription);
        quote.next = number(
            account.get("invoice",
                        text(account.get("subscription", change.subscription), "latest_invoice")),
            "total");
    } catch (...) {
        account.rollback();
        throw;
    }
    account.rollback();
    return quote;
}

PlanChanged change_plan(Account& account, const Object& configuration, const PlanChange& change) {
    const Object item = checked_item(account, configuration, change);
    const Object before = account.get("subscription", change.subscription);
    set_discounts(account, change);
    if (waits_for_period_end(account, feature_of(configuration), item, change)) {
        schedule_plan(account, item, change);
        return {.at = period_end_of(before)};
    }
    auto wanted = change_at_once(account, feature_of(configuration), item, change);
    wanted.payment_behavior = PaymentBehavior::pending_if_incomplete;
    change_subscription(account, change.subscription, wanted);
    const Object& after = account.get("subscription", change.subscription);
    if (!present(after, "pending_update")) {
        note_direct_change(account, before);
        return {.at = account.now()};
    }
    const Object& invoice = account.get("invoice", text(after, "latest_invoice"));
    const auto intent = text(invoice, "_payment_intent");
    const Object& paying = account.get("payment_intent", intent);
    if (text(paying, "status") == "requires_action") return {.intent = intent};
    auto message = refusal_of(paying).message;
    if (message.empty()) message = "There is no card to charge. Add one first.";
    drop_pending_update(account, change.subscription);
    return {.message = std::move(message)};
}

json::array portal_products(const Account& account, const json::array& given) {
    json::array products;
    const std::string list = "features[subscription_update][products][";
    for (const json::value& value : given) {
        const Object& wanted = value.get_object();
        const auto param = list + std::to_string(products.size()) + "]";
        const auto product = text(wanted, "product");
        account.get("product", product, param + "[product]");
        for (const json::value& name : children(wanted, "prices")) {
            const Object& price =
                account.get("price", std::string(name.as_string()), param + "[prices]");
            if (text(price, "product") != product || !present(price, "recurring")) {
                refuse("",
                       "The price `" + text(price, "id") +
                           "` is no recurring price of the product `" + product + "`.",
                       param + "[prices]");
            }
        }
        const Object& adjustable = child(wanted, "adjustable_quantity");
        products.push_back(Object{
            {"adjustable_quantity", Object{{"enabled", flag(adjustable, "enabled", true)},
                                           {"maximum", value_of(adjustable, "maximum")},
                                           {"minimum", number(adjustable, "minimum", 1)}}},
            {"prices",              wanted.at("prices")                                                                     },
            {"product",             product                                                                                 }
        });
    }
    return products;
}

}  // namespace paydesk::sandbox::stripe
