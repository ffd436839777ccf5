#include "sandbox/stripe/subscription_updates.h"

#include <algorithm>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/inline_prices.h"
#include "sandbox/stripe/pausing.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/prorations.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/taxes.h"
#include "sandbox/stripe/usage.h"

namespace paydesk::sandbox::stripe {
namespace {

const std::string update_listing =
    "items[]{id:id price:id plan:id quantity:i deleted:b clear_usage:b metadata:m " +
    std::string(recurring_price_data) +
    "billing_thresholds:no discounts:no tax_rates[]:id} cancel_at trial_end "
    "cancellation_details{comment feedback:(customer_service|low_quality|missing_features|other|"
    "switched_service|too_complex|too_expensive|unused)? feedback_option:no} "
    "pause_collection?{behavior!:(keep_as_draft|mark_uncollectible|void) resumes_at:t} "
    "billing_cycle_anchor<endive:(now|unchanged) "
    "billing_cycle_anchor>=endive{type!:(now|unchanged)} proration_date:i ";

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
std::optional<json::array> discounts_of(const Call& call, const Object& subscription) {
    bool given = false;
    for (const auto* key : {"coupon", "promotion_code", "discounts"}) {
        given = given || call.params.contains(key);
    }
    if (!given) return std::nullopt;
    const Purchase purchase{.customer = text(subscription, "customer"),
                            .currency = text(subscription, "currency")};
    return wanted_discounts(call.account, call.params, purchase);
}

void change_discounts(Call& call, const std::string& id) {
    Account& account = call.account;
    const Object before = account.get("subscription", id);
    const auto wanted = discounts_of(call, before);
    if (!wanted) return;
    set_subscription_discounts(account, id, *wanted);
    account.emit("customer.subscription.updated", account.get("subscription", id), &before);
}

// What a pending update can hold; discounts since 2026-05-27.
void check_pending_params(const Object& params, std::string_view version) {
    constexpr std::string_view allowed[] = {"add_invoice_items",
                                            "billing_cycle_anchor",
                                            "expand",
                                            "items",
                                            "off_session",
                                            "payment_behavior",
                                            "proration_behavior",
                                            "proration_date",
                                            "trial_end",
                                            "trial_from_plan"};
    for (const auto& [key, value] : params) {
        if (std::ranges::find(allowed, std::string_view(key)) != std::end(allowed)) continue;
        const std::string name(key);
        if (name == "discounts" && version >= "2026-05-27") continue;
        if (name == "metadata" || name == "cancel_at_period_end") {
            refuse_unsupported("`" + name + "` in a pending update", name);
        }
        refuse("",
               "You cannot pass `" + name +
                   "` with `payment_behavior=pending_if_incomplete`: pending updates do not "
                   "support it.",
               name);
    }
}

bool has_method(const Account& account, const Object& subscription) {
    return present(subscription, "default_payment_method") ||
           present(
               child(account.get("customer", text(subscription, "customer")), "invoice_settings"),
               "default_payment_method");
}

// A trial that ends at once without a payment method does what trial_settings say.
bool trial_ends_unpaid(const Account& account, const Object& subscription,
                       const SubscriptionChange& change) {
    const auto otherwise = text(child(child(subscription, "trial_settings"), "end_behavior"),
                                "missing_payment_method");
    return change.trial_end && *change.trial_end <= account.now() &&
           text(subscription, "status") == "trialing" && otherwise != "create_invoice" &&
           !has_method(account, subscription);
}

void change_terms(Account& account, const std::string& id, SubscriptionChange change) {
    if (!trial_ends_unpaid(account, account.get("subscription", id), change)) {
        change_subscription(account, id, change);
        return;
    }
    change.trial_end.reset();
    change_subscription(account, id, change);
    account.change(id, "", [&](Object& subscription) {
        subscription["trial_end"] = account.now();
        for (json::value& item : subscription["items"].as_object()["data"].as_array()) {
            item.get_object()["current_period_end"] = account.now();
        }
    });
    account.emit("customer.subscription.trial_will_end", account.get("subscription", id));
    end_trial(account, id);
}

json::value update(Call& call) {
    Account& account = call.account;
    const Object before = call.target("subscription");
    const auto id = text(before, "id");
    if (present(before, "ended_at")) {
        for (const auto& [key, value] : call.params) {
            if (key == "metadata" || key == "cancellation_details" || key == "expand") continue;
            refuse("",
                   "A canceled subscription can only update its cancellation_details and "
                   "metadata.");
        }
    }
    auto change = change_of(call.params, account.now());
    refuse_legacy_metered_items(account, change.items, call.version.shape, "items");
    if (change.payment_behavior == PaymentBehavior::pending_if_incomplete) {
        check_pending_params(call.params, call.version.name);
        change.discounts = discounts_of(call, before);
    }
    if (flag(call.params, "trial_from_plan")) {
        if (change.trial_end) {
            refuse("parameters_exclusive",
                   "You may only specify one of these parameters: trial_end, trial_from_plan.");
        }
        const auto& items = change.items;
        const auto wanted = items.empty() ? "" : text(items.front().as_object(), "price");
        const Object& first =
            child(before, "items").at("data").at(0).as_object().at("price").as_object();
        const auto days =
            trial_days_of(wanted.empty() ? first : account.get("price", wanted, "items[0][price]"));
        if (days > 0) change.trial_end = account.now() + days * 86400;
    }
    change_fields(call, id);
    if (!change.discounts) change_discounts(call, id);
    change_terms(account, id, std::move(change));
    note_direct_change(account, before);
    change_cancellation(call, id);
    return account.get("subscription", id);
}

// An endpoint that came with endive.
void require_endive(const Call& call, std::string_view what) {
    if (call.version.shape >= Shape::endive) return;
    throw Refusal{.status = 404,
                  .message = "Unrecognized request URL (POST: /v1/subscriptions/" +
                             call.path.at("id") + "/" + std::string(what) +
                             "). It came with the version 2026-09-30.endive."};
}

json::value pause(Call& call) {
    require_endive(call, "pause");
    Account& account = call.account;
    const Object before = call.target("subscription");
    const auto id = text(before, "id");
    const auto status = text(before, "status");
    if (present(before, "schedule")) {
        refuse("", "You cannot pause a subscription that has a schedule (" +
                       text(before, "schedule") + "). Release the schedule first.");
    }
    if (status != "active" && status != "trialing" && status != "past_due") {
        refuse("", "You cannot pause a subscription that is " + status + ".");
    }
    for (const json::value& item : children(child(before, "items"), "data")) {
        const Object& recurring = child(child(item.as_object(), "price"), "recurring");
        if (text(recurring, "usage_type") == "metered") {
            refuse_unsupported("pausing a subscription with metered prices");
        }
    }
    const auto from = text(child(child(call.params, "bill_for"), "unused_time_from"), "type");
    if (status == "active" && from != "none") {
        credit_unused_time(account, id, from == "item_current_period_start" ? 0 : account.now());
    }
    if (text(call.params, "invoicing_behavior") == "invoice") {
        add_update_invoice(account, id, false);
    }
    pause_subscription(account, id, "pause_requested");
    return account.get("subscription", id);
}

json::value resume(Call& call) {
    const Object& before = call.target("subscription");
    const auto id = text(before, "id");
    if (text(before, "status") != "paused") {
        refuse("", "Only paused subscriptions can be resumed.");
    }
    if (text(before, "collection_method") != "charge_automatically") {
        refuse("", "Only subscriptions that are charged automatically can be resumed.");
    }
    const Object& params = call.params;
    const auto anchor = present(child(params, "billing_cycle_anchor"), "type")
                            ? text(child(params, "billing_cycle_anchor"), "type")
                            : text(params, "billing_cycle_anchor");
    ResumeTerms terms{
        .keeps_anchor = anchor == "unchanged",
        .proration_date = number(params, "proration_date"),
        .needs_payment = text(params, "payment_behavior") == "resume_on_payment_success"};
    if (present(params, "proration_behavior")) {
        terms.proration_behavior = text(params, "proration_behavior");
    }
    resume_subscription(call.account, id, terms);
    return call.account.get("subscription", id);
}

std::int64_t cancel_time(const Call& call, const std::string& given, const Object& subscription) {
    std::int64_t earliest = 0;
    std::int64_t latest = 0;
    for (const json::value& item : children(child(subscription, "items"), "data")) {
        const auto end = number(item.get_object(), "current_period_end");
        earliest = earliest == 0 ? end : std::min(earliest, end);
        latest = std::max(latest, end);
    }
    const auto shape = call.version.shape;
    if (given == "min_period_end" && shape >= Shape::clover) return earliest;
    if (given == "max_period_end" && shape >= Shape::clover) return latest;
    // Licensed items are billed until the end of their period.
    if (given == "max_billed_until" && shape >= Shape::endive) return latest;
    const auto at = seconds_of(given, "cancel_at");
    if (at <= call.account.now()) {
        refuse("", "The `cancel_at` timestamp must be in the future.", "cancel_at");
    }
    return at;
}

void refuse_managed(const Object& subscription) {
    if (!present(subscription, "schedule")) return;
    refuse("", "The subscription is managed by the subscription schedule `" +
                   text(subscription, "schedule") +
                   "`, and updating any cancelation behavior directly is not allowed. Please "
                   "update the schedule instead.");
}

}  // namespace

std::int64_t seconds_of(const std::string& digits, std::string_view param) {
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) {
        refuse("parameter_invalid_integer", "Invalid timestamp: " + digits, param);
    }
    return std::stoll(digits.substr(0, 12));
}

void check_anchor(const Account& account, const SubscriptionOrder& order, std::string_view param) {
    if (order.anchor == 0) return;
    const auto now = account.now();
    const Object& recurring = child(account.get("price", order.items.front().price), "recurring");
    if (order.trial_end > now) {
        refuse_unsupported("a trial together with a billing cycle anchor", param);
    }
    if (order.anchor <= now) refuse("", "billing_cycle_anchor must be in the future.", param);
    if (order.anchor > next_boundary(now, now, text(recurring, "interval"),
                                     number(recurring, "interval_count", 1))) {
        refuse("",
               "billing_cycle_anchor cannot be later than the next natural billing date of the "
               "price.",
               param);
    }
}

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

std::int64_t trial_days_of(const Object& price) {
    return number(child(price, "recurring"), "trial_period_days");
}

SubscriptionChange change_of(const Object& params, std::int64_t now) {
    SubscriptionChange change{
        .items = children(params, "items"),
        .add_invoice_items = children(params, "add_invoice_items"),
        .proration_date = number(params, "proration_date"),
        .payment_behavior = payment_behavior_of(text(params, "payment_behavior")),
        .off_session = flag(params, "off_session")};
    if (present(params, "proration_behavior")) {
        change.proration_behavior = text(params, "proration_behavior");
    }
    const Object& anchor = child(params, "billing_cycle_anchor");
    change.anchor_now =
        (anchor.empty() ? text(params, "billing_cycle_anchor") : text(anchor, "type")) == "now";
    const auto trial_end = text(params, "trial_end");
    if (trial_end == "now")
        change.trial_end = now;
    else if (!trial_end.empty())
        change.trial_end = seconds_of(trial_end, "trial_end");
    if (change.anchor_now && change.trial_end && *change.trial_end > now) {
        refuse("", "`billing_cycle_anchor` cannot be `now` while a trial begins or goes on.",
               "billing_cycle_anchor");
    }
    return change;
}

void change_cancellation(Call& call, const std::string& id) {
    Account& account = call.account;
    if (!call.params.contains("cancel_at_period_end") && !call.params.contains("cancel_at")) return;
    const Object before = account.get("subscription", id);
    refuse_managed(before);
    if (present(call.params, "cancel_at_period_end")) {
        if (present(call.params, "cancel_at")) {
            refuse("parameters_exclusive",
                   "You may only specify one of these parameters: "
                   "cancel_at, cancel_at_period_end.");
        }
        if (flag(call.params, "cancel_at_period_end")) {
            cancel_at_period_end(account, id, CancelBy::api);
        } else if (present(before, "cancel_at")) {
            keep_subscription(account, id);
        }
    } else if (present(call.params, "cancel_at")) {
        const auto at = cancel_time(call, text(call.params, "cancel_at"), before);
        account.change(id, "customer.subscription.updated", [&](Object& subscription) {
            subscription["cancel_at"] = at;
            subscription["canceled_at"] = account.now();
            subscription["cancellation_details"].as_object()["reason"] = "cancellation_requested";
        });
    } else if (call.params.contains("cancel_at")) {
        keep_subscription(account, id);
    }
}

void add_subscription_update_routes(Routes& routes, std::string_view shared) {
    routes.on("POST /v1/subscriptions/{id}", std::string(shared) + std::string(update_listing),
              with_inline_prices(update));
    routes.on("POST /v1/subscriptions/{id}/pause",
              "bill_for{outstanding_usage_through{type!:(none|now)} "
              "unused_time_from{type!:(item_current_period_start|none|now)}} "
              "invoicing_behavior:(invoice|pending_invoice_item) type:(subscription)",
              pause);
    routes.on("POST /v1/subscriptions/{id}/resume",
              "billing_cycle_anchor<endive:(now|unchanged) "
              "billing_cycle_anchor>=endive{type!:(now|unchanged)} "
              "payment_behavior>=endive:(resume_on_payment_attempt|resume_on_payment_success) "
              "proration_behavior:(always_invoice|create_prorations|none) proration_date:i",
              resume);
}

}  // namespace paydesk::sandbox::stripe
