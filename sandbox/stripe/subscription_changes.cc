#include "sandbox/stripe/subscription_changes.h"

#include <algorithm>

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/pending_updates.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/plans.h"
#include "sandbox/stripe/prices.h"
#include "sandbox/stripe/prorations.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/subscription_items.h"
#include "sandbox/stripe/taxes.h"
#include "sandbox/stripe/usage_invoicing.h"

namespace paydesk::sandbox::stripe {
namespace {

struct Change {
    Object before;  // {} for a new item
    Object after;   // {} for a deleted one
};

// New metadata or tax rates are no reason to settle the period that runs.
bool costs_the_same(const Change& change) {
    if (change.before.empty() || change.after.empty()) return false;
    return child(change.before, "price") == child(change.after, "price") &&
           value_of(change.before, "quantity") == value_of(change.after, "quantity");
}

// The price that a change names; it must have the subscription's currency.
const Object& price_for(const Account& account, const Object& subscription, const Object& wanted,
                        const std::string& param) {
    const Object& price = account.get("price", text(wanted, "price"), param);
    check_currency(price, text(subscription, "currency"), param);
    return price;
}

// An item with usage records goes only together with them.
void check_usage_cleared(const Account& account, const Object& item, const Object& wanted) {
    const auto id = text(item, "id");
    if (!is_legacy_metered(child(item, "price")) || flag(wanted, "clear_usage") ||
        account.store().ids(records_kind(id)).empty()) {
        return;
    }
    refuse("",
           "Subscription item " + id +
               " cannot be deleted because it has usage of the current period. Pass "
               "`clear_usage=true` to delete the usage and the item.",
           "clear_usage");
}

// Usage that no later invoice will count: of every item where the period ends here, else, in
// flexible billing mode, of items that are gone or priced anew.
void settle_usage(Account& account, const Object& before, const std::vector<Change>& changes,
                  bool period_ends) {
    if (period_ends) {
        for (const json::value& item : children(child(before, "items"), "data")) {
            keep_usage_for_later(account, before, item.get_object(), LastSecond::excluded);
        }
        return;
    }
    if (text(child(before, "billing_mode"), "type") != "flexible") return;
    for (const Change& change : changes) {
        const Object& price = child(change.before, "price");
        const bool stays = text(child(change.after, "price"), "id") == text(price, "id");
        if (change.before.empty() || is_legacy_metered(price) || stays) continue;
        const bool counts_on = is_metered(child(change.after, "price"));
        keep_usage_for_later(account, before, change.before,
                             counts_on ? LastSecond::excluded : LastSecond::included);
    }
}

// The items after the changes, and what each change did.
std::vector<Change> apply(Account& account, Object& subscription, const json::array& changes) {
    std::vector<Change> applied;
    auto& items = subscription["items"].as_object()["data"].as_array();
    const auto id = text(subscription, "id");
    const bool flexible = text(child(subscription, "billing_mode"), "type") == "flexible";
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Object wanted = changes[i].as_object();
        if (present(wanted, "plan") && !present(wanted, "price")) {
            wanted["price"] = json::value(wanted.at("plan"));
        }
        const auto param = "items[" + std::to_string(i) + "]";
        const auto item_id = text(wanted, "id");
        Change change;
        if (item_id.empty()) {
            if (!present(wanted, "price")) refuse_missing_param(param + "[price]");
            const Object& price = price_for(account, subscription, wanted, param + "[price]");
            refuse_metered_quantity(price, wanted, param);
            const Object& sibling = items.front().as_object();
            change.after =
                subscription_item(account, id, price, number(wanted, "quantity", 1),
                                  number(sibling, "current_period_start"),
                                  number(sibling, "current_period_end"), child(wanted, "metadata"));
            change.after["tax_rates"] =
                tax_rates_named(account, children(wanted, "tax_rates"), param + "[tax_rates]");
            if (is_metered(price)) change.after["_usage_since"] = account.now();
            items.push_back(change.after);
            applied.push_back(std::move(change));
            continue;
        }
        auto* found = std::find_if(items.begin(), items.end(), [&](const json::value& item) {
            return text(item.get_object(), "id") == item_id;
        });
        if (found == items.end()) {
            refuse_missing("subscription_item", item_id, param + "[id]", false);
        }
        change.before = found->get_object();
        if (flag(wanted, "deleted")) {
            check_usage_cleared(account, change.before, wanted);
            items.erase(found);
        } else {
            Object& item = found->get_object();
            if (present(wanted, "price")) {
                const Object& price = price_for(account, subscription, wanted, param + "[price]");
                if (!present(price, "recurring")) {
                    refuse("",
                           "The price specified is set to `type=one_time` but this field only "
                           "accepts prices with `type=recurring`.",
                           param + "[price]");
                }
                item["price"] = price;
                item["plan"] = plan_of(price);
                // Flexible billing mode bills the usage so far at the price that it had.
                if (flexible && is_metered(price)) item["_usage_since"] = account.now();
                if (is_metered(price))
                    item.erase("quantity");
                else if (!item.contains("quantity"))
                    item["quantity"] = 1;
            }
            refuse_metered_quantity(child(item, "price"), wanted, param);
            if (present(wanted, "quantity")) item["quantity"] = wanted.at("quantity");
            if (wanted.contains("tax_rates")) {
                item["tax_rates"] =
                    tax_rates_named(account, children(wanted, "tax_rates"), param + "[tax_rates]");
            }
            merge_metadata(wanted, item);
            change.after = item;
        }
        if (change.before != change.after) applied.push_back(std::move(change));
    }
    if (items.empty()) refuse("", "A subscription must have at least one active plan.", "items");
    return applied;
}

bool interval_changed(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
        if (change.before.empty() || change.after.empty()) continue;
        const Object& was = child(child(change.before, "price"), "recurring");
        const Object& is = child(child(change.after, "price"), "recurring");
        if (value_of(was, "interval") != value_of(is, "interval") ||
            value_of(was, "interval_count") != value_of(is, "interval_count")) {
            return true;
        }
    }
    return false;
}

bool was_free(const Object& before, const Object& after) {
    const auto total = [](const Object& subscription) {
        std::int64_t sum = 0;
        for (const json::value& value : children(child(subscription, "items"), "data")) {
            const Object& item = value.get_object();
            const Object price = presented(child(item, "price"), text(subscription, "currency"));
            sum += is_metered(price) ? 1 : amount_of(price, number(item, "quantity", 1));
        }
        return sum;
    };
    return total(before) == 0 && total(after) > 0;
}

void restart_periods(Object& subscription, std::int64_t now) {
    subscription["billing_cycle_anchor"] = now;
    for (json::value& value : subscription["items"].as_object()["data"].as_array()) {
        Object& item = value.get_object();
        const Object& recurring = child(child(item, "price"), "recurring");
        item["current_period_start"] = now;
        item["current_period_end"] = next_boundary(now, now, text(recurring, "interval"),
                                                   number(recurring, "interval_count", 1));
    }
}

// The customer owes these with the next invoice.
void add_one_time_items(Account& account, const Object& subscription, const json::array& wanted) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const Object& given = wanted[i].get_object();
        const auto param = "add_invoice_items[" + std::to_string(i) + "][price]";
        if (!present(given, "price")) refuse_missing_param(param);
        const Object& named = one_time_price(account, text(given, "price"), param);
        check_currency(named, text(subscription, "currency"), param);
        const Object price = presented(named, text(subscription, "currency"));
        const auto quantity = number(given, "quantity", 1);
        Object item = blank("invoiceitem");
        item["id"] = account.new_id("ii_1");
        item["amount"] = amount_of(price, quantity);
        item["net_amount"] = item.at("amount");
        item["currency"] = subscription.at("currency");
        item["tax_rates"] =
            tax_rates_named(account, children(given, "tax_rates"),
                            "add_invoice_items[" + std::to_string(i) + "][tax_rates]");
        item["customer"] = subscription.at("customer");
        item["date"] = account.now();
        item["metadata"] = child(given, "metadata");
        item["parent"] = Object{
            {"subscription_details", Object{{"subscription", subscription.at("id")}}},
            {"type",                 "subscription_details"                         }
        };
        item["period"] = Object{
            {"start", account.now()},
            {"end",   account.now()}
        };
        item["pricing"] = Object{
            {"price_details", Object{{"price", price.at("id")}, {"product", price.at("product")}}},
            {"type", "price_details"},
            {"unit_amount_decimal", value_of(price, "unit_amount_decimal")}
        };
        item["quantity"] = quantity;
        item["quantity_decimal"] = std::to_string(quantity);
        item["_price"] = price;
        account.emit("invoiceitem.created", account.add(std::move(item)));
    }
}

// What becomes of the trial and the period.
void move_trial(Object& subscription, std::int64_t trial_end, std::int64_t now) {
    if (text(subscription, "status") != "trialing") {
        subscription["status"] = "trialing";
        subscription["trial_start"] = now;
        for (json::value& item : subscription["items"].as_object()["data"].as_array()) {
            item.get_object()["current_period_start"] = now;
        }
    }
    subscription["trial_end"] = trial_end;
    subscription["billing_cycle_anchor"] = trial_end;
    subscription["_trial_announced"] = trial_end - now < trial_notice_seconds;
    for (json::value& item : subscription["items"].as_object()["data"].as_array()) {
        item.get_object()["current_period_end"] = trial_end;
    }
}

// A change in the middle of a period, as far as it needs no money.
struct Effect {
    Object after = {};
    bool restarts = false;   // a new period begins, and is billed whole
    bool bills = false;      // an invoice comes at once
    bool announces = false;  // customer.subscription.trial_will_end
    bool changed = false;
};

Effect effect_of(Account& account, const Object& before, const SubscriptionChange& change) {
    Effect effect{.after = before};
    const auto applied = apply(account, effect.after, change.items);
    const auto now = account.now();
    const bool trial = text(before, "status") == "trialing";
    const bool begins_trial = change.trial_end && *change.trial_end > now;
    const bool ends_trial = trial && change.trial_end && !begins_trial;
    effect.changed = !applied.empty() || begins_trial || ends_trial || change.anchor_now ||
                     !change.add_invoice_items.empty();
    if (!effect.changed) return effect;
    const bool at_end = now >= period_end_of(before);
    const bool new_cycle = change.anchor_now || interval_changed(applied);
    if (at_end && !trial && !begins_trial) {
        if (new_cycle) effect.after["billing_cycle_anchor"] = now;
        return effect;
    }
    effect.restarts =
        ends_trial || (!trial && !begins_trial && (new_cycle || was_free(before, effect.after)));
    const auto start = period_start_of(before);
    const auto from = std::clamp(change.proration_date == 0 ? now : change.proration_date, start,
                                 std::max(start, period_end_of(before)));
    const bool prorates = change.proration_behavior != "none" && !trial && !at_end;
    if (prorates && (effect.restarts || begins_trial)) {
        // Whatever was paid for the period that ends here is given back, changed or not.
        for (const json::value& item : children(child(before, "items"), "data")) {
            add_proration(account, before, item.get_object(), "Unused time on", -1, from);
        }
    } else if (prorates) {
        for (const Change& one : applied) {
            if (costs_the_same(one)) continue;
            add_proration(account, before, one.before, "Unused time on", -1, from);
            add_proration(account, before, one.after, "Remaining time on", 1, from);
        }
    }
    if (!trial && !at_end) {
        settle_usage(account, before, applied, effect.restarts || begins_trial);
    }
    if (begins_trial) {
        move_trial(effect.after, *change.trial_end, now);
        effect.announces = flag(effect.after, "_trial_announced");
    } else if (ends_trial) {
        effect.after["status"] = "active";
        effect.after["trial_end"] = now;
        effect.announces = true;
    }
    if (effect.restarts) restart_periods(effect.after, now);
    effect.bills = !at_end && (effect.restarts || change.proration_behavior == "always_invoice");
    return effect;
}

}  // namespace

PaymentBehavior payment_behavior_of(std::string_view name) {
    if (name == "default_incomplete") return PaymentBehavior::default_incomplete;
    if (name == "error_if_incomplete") return PaymentBehavior::error_if_incomplete;
    if (name == "pending_if_incomplete") return PaymentBehavior::pending_if_incomplete;
    return PaymentBehavior::allow_incomplete;
}

std::string add_update_invoice(Account& account, const std::string& id, bool whole_period) {
    const Object subscription = account.get("subscription", id);
    InvoiceDraft draft{.id = new_invoice_id(account),
                       .customer = text(subscription, "customer"),
                       .currency = text(subscription, "currency"),
                       .billing_reason = "subscription_update",
                       .subscription = id,
                       .period_start = account.now(),
                       .period_end = account.now()};
    if (whole_period) {
        for (const json::value& value : children(child(subscription, "items"), "data")) {
            const Object& item = value.get_object();
            if (is_metered(child(item, "price"))) continue;  // billed when the period is over
            const auto quantity = number(item, "quantity", 1);
            const Object price = presented(child(item, "price"), draft.currency);
            draft.lines.push_back({.price = price,
                                   .quantity = quantity,
                                   .amount = amount_of(price, quantity),
                                   .period_start = number(item, "current_period_start"),
                                   .period_end = number(item, "current_period_end"),
                                   .subscription = id,
                                   .subscription_item = text(item, "id"),
                                   .tax_rates = children(item, "tax_rates"),
                                   .metadata = child(subscription, "metadata")});
        }
    }
    add_pending_items(account, draft.customer, id, draft);
    if (draft.lines.empty()) return {};
    account.change(id, "", [&](Object& changed) { changed["latest_invoice"] = draft.id; });
    add_invoice(account, draft);
    finalize_invoice(account, draft.id);
    return draft.id;
}

void change_subscription(Account& account, const std::string& id,
                         const SubscriptionChange& change) {
    if (change.items.empty() && change.add_invoice_items.empty() && !change.anchor_now &&
        !change.trial_end && !change.discounts) {
        return;
    }
    drop_pending_update(account, id);
    const Object before = account.get("subscription", id);
    json::array begun;
    if (change.discounts) begun = begin_subscription_discounts(account, id, *change.discounts);
    const Object with_discounts = account.get("subscription", id);
    const Effect effect = effect_of(account, with_discounts, change);
    if (!effect.changed && !change.discounts) return;
    add_one_time_items(account, before, change.add_invoice_items);
    const bool waits =
        effect.bills && change.payment_behavior == PaymentBehavior::pending_if_incomplete;
    const bool told_later = waits || change.discounts;
    const Object after = account.change(id, told_later ? "" : "customer.subscription.updated",
                                        [&](Object& subscription) { subscription = effect.after; });
    if (effect.announces) account.emit("customer.subscription.trial_will_end", after);
    if (effect.bills) {
        const auto invoice = add_update_invoice(account, id, effect.restarts);
        if (!invoice.empty()) collect_change(account, before, invoice, change);
    }
    if (present(account.get("subscription", id), "pending_update")) {
        note_pending_discounts(account, id, begun);
        return;
    }
    if (change.discounts) end_replaced_discounts(account, before);
    if (told_later)
        account.emit("customer.subscription.updated", account.get("subscription", id), &before);
}

}  // namespace paydesk::sandbox::stripe
