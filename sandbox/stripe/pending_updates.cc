#include "sandbox/stripe/pending_updates.h"

#include "sandbox/stripe/discounts.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {
namespace {

// What a change of a subscription touches, beside its items.
constexpr std::string_view held_fields[] = {
    "billing_cycle_anchor", "status",    "trial_start", "trial_end",
    "_trial_announced",     "discounts", "_discount"};

json::value if_changed(const Object& before, const Object& after, std::string_view key) {
    return value_of(before, key) == value_of(after, key) ? json::value(nullptr)
                                                         : value_of(after, key);
}

// The subscription is what it was, and remembers what it is to become.
void hold(Account& account, const Object& before, const std::string& invoice) {
    const auto id = text(before, "id");
    account.change(id, "", [&](Object& subscription) {
        const Object after = subscription;
        Object fields;
        for (const auto key : held_fields) {
            if (value_of(before, key) == value_of(after, key)) continue;
            fields[key] = value_of(after, key);
            subscription[key] = value_of(before, key);
        }
        subscription["items"] = before.at("items");
        subscription["_pending"] = Object{
            {"fields",  std::move(fields)},
            {"invoice", invoice          },
            {"items",   after.at("items")}
        };
        subscription["pending_update"] = Object{
            {"billing_cycle_anchor", if_changed(before, after, "billing_cycle_anchor")},
            {"cancel_at_period_end", nullptr},
            {"discount", nullptr},
            {"discounts", if_changed(before, after, "discounts")},
            {"expires_at", account.now() + pending_update_seconds},
            {"metadata", nullptr},
            {"subscription_items", child(after, "items").at("data")},
            {"trial_end", if_changed(before, after, "trial_end")},
            {"trial_from_plan", nullptr}
        };
    });
    account.emit("customer.subscription.updated", account.get("subscription", id), &before);
    add_timer(account, account.now() + pending_update_seconds, "expire_pending_update", id);
}

void forget(Object& subscription) {
    subscription.erase("_pending");
    subscription["pending_update"] = nullptr;
}

// It will not come any more.
void give_up(Account& account, const std::string& id) {
    const json::array begun =
        children(child(account.get("subscription", id), "_pending"), "discounts");
    account.change(id, "customer.subscription.updated", forget);
    take_back_discounts(account, begun);
}

Outcome charge(Account& account, const std::string& id, const SubscriptionChange& change) {
    const Object invoice = account.get("invoice", id);
    const auto method = method_for(account, invoice);
    const bool strict = change.payment_behavior == PaymentBehavior::error_if_incomplete;
    if (method.empty()) {
        if (strict) refuse_no_method();
        note_failed_payment(account, id, Outcome::declined);
        return Outcome::declined;
    }
    const Confirmation how{.payment_method = method, .off_session = change.off_session};
    if (!strict) return pay_invoice(account, id, how);
    const auto intent = text(invoice, "_payment_intent");
    const auto outcome = confirm_payment(account, intent, how);
    if (outcome == Outcome::succeeded) {
        settle_invoice(account, id);
        return outcome;
    }
    if (outcome == Outcome::processing) {
        note_processing_payment(account, id);
        return outcome;
    }
    Refusal refusal = outcome == Outcome::declined
                          ? refusal_of(account.get("payment_intent", intent))
                          : action_required();
    refusal.keep_changes = false;
    throw refusal;
}

}  // namespace

void collect_change(Account& account, const Object& before, const std::string& id,
                    const SubscriptionChange& change) {
    const Object& invoice = account.get("invoice", id);
    if (text(invoice, "status") != "open" ||
        text(invoice, "collection_method") != "charge_automatically") {
        return;
    }
    const auto outcome = change.payment_behavior == PaymentBehavior::default_incomplete
                             ? Outcome::requires_action
                             : charge(account, id, change);
    if (is_accepted(outcome)) return;  // a debit's bank answers later: the change holds meanwhile
    if (change.payment_behavior == PaymentBehavior::pending_if_incomplete) {
        hold(account, before, id);
        return;
    }
    const auto subscription = text(before, "id");
    if (text(account.get("subscription", subscription), "status") != "active") return;
    account.change(subscription, "customer.subscription.updated",
                   [](Object& changed) { changed["status"] = "past_due"; });
}

void note_pending_discounts(Account& account, const std::string& id, const json::array& begun) {
    account.change(id, "", [&](Object& subscription) {
        subscription["_pending"].as_object()["discounts"] = begun;
    });
}

bool decides_pending_update(const Object& subscription, const std::string& invoice) {
    const Object& pending = child(subscription, "_pending");
    return !pending.empty() && text(pending, "invoice") == invoice;
}

void apply_pending_update(Account& account, const std::string& id, const std::string& invoice) {
    if (!decides_pending_update(account.get("subscription", id), invoice)) return;
    drop_timers(account, "expire_pending_update", id);
    const Object before = account.get("subscription", id);
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        const Object pending = child(subscription, "_pending");
        const Object& fields = child(pending, "fields");
        const Object now = child(subscription, "items").at("data").at(0).as_object();
        subscription["items"] = pending.at("items");
        // Unless the change begins a period of its own, the cycle has gone on in the meantime.
        if (!fields.contains("billing_cycle_anchor")) {
            for (json::value& item : subscription["items"].as_object()["data"].as_array()) {
                for (const auto* key : {"current_period_start", "current_period_end"}) {
                    item.get_object()[key] = now.at(key);
                }
            }
        }
        for (const auto& [key, value] : fields) subscription[key] = value;
        forget(subscription);
    });
    end_replaced_discounts(account, before);
    account.emit("customer.subscription.pending_update_applied", account.get("subscription", id));
    note_direct_change(account, before);
}

void expire_pending_update(Account& account, const std::string& id) {
    const auto invoice = text(child(account.get("subscription", id), "_pending"), "invoice");
    give_up(account, id);
    account.emit("customer.subscription.pending_update_expired", account.get("subscription", id));
    if (text(account.get("invoice", invoice), "status") == "open") void_invoice(account, invoice);
}

void forget_pending_update(Account& account, const std::string& id, const std::string& invoice) {
    const auto* subscription = account.find("subscription", id);
    if (!subscription || !decides_pending_update(*subscription, invoice)) return;
    drop_timers(account, "expire_pending_update", id);
    give_up(account, id);
}

void drop_pending_update(Account& account, const std::string& id) {
    const auto invoice = text(child(account.get("subscription", id), "_pending"), "invoice");
    if (invoice.empty()) return;
    void_invoice(account, invoice);
}

}  // namespace paydesk::sandbox::stripe
