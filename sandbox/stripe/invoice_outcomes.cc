#include "sandbox/stripe/invoice_outcomes.h"

#include "sandbox/stripe/pausing.h"
#include "sandbox/stripe/pending_updates.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox::stripe {
namespace {

bool is_terminal(const Object& subscription) {
    const auto status = text(subscription, "status");
    return status == "canceled" || status == "incomplete_expired";
}

void set_delinquent(Account& account, const std::string& customer, bool delinquent) {
    if (!account.find("customer", customer)) return;
    account.change(customer, "customer.updated",
                   [&](Object& changed) { changed["delinquent"] = delinquent; });
}

// The last attempt failed: what the account's settings say (POST /_sandbox/settings).
void give_up(Account& account, const std::string& id) {
    const json::value end = account.setting("retry_end");
    if (end == "past_due") return;
    if (end == "unpaid") {
        account.change(id, "customer.subscription.updated",
                       [](Object& changed) { changed["status"] = "unpaid"; });
    } else {
        cancel_subscription(account, id, "payment_failed");
    }
}

// Its latest invoice was paid, or is being paid.
void activate(Account& account, const std::string& id, const std::string& invoice) {
    const auto* intent =
        account.find("payment_intent", text(account.get("invoice", invoice), "_payment_intent"));
    account.change(id, "customer.subscription.updated", [&](Object& changed) {
        changed["status"] = "active";
        const bool save = text(child(changed, "payment_settings"), "save_default_payment_method") ==
                          "on_subscription";
        if (save && intent && present(*intent, "payment_method")) {
            changed["default_payment_method"] = intent->at("payment_method");
        }
    });
}

}  // namespace

void invoice_was_paid(Account& account, const std::string& id, const std::string& invoice) {
    const auto* subscription = account.find("subscription", id);
    if (!subscription || text(*subscription, "latest_invoice") != invoice) return;
    apply_pending_update(account, id, invoice);
    finish_resuming(account, id, invoice, "active");
    subscription = account.find("subscription", id);
    const auto status = text(*subscription, "status");
    if (status != "incomplete" && status != "past_due" && status != "unpaid") return;
    const auto customer = text(*subscription, "customer");
    activate(account, id, invoice);
    set_delinquent(account, customer, false);
}

void invoice_is_processing(Account& account, const std::string& id, const std::string& invoice) {
    const auto* subscription = account.find("subscription", id);
    if (!subscription || text(*subscription, "latest_invoice") != invoice) return;
    if (text(*subscription, "status") == "incomplete") activate(account, id, invoice);
}

void invoice_was_not_paid(Account& account, const std::string& id, const Object& invoice) {
    const auto* subscription = account.find("subscription", id);
    if (!subscription || is_terminal(*subscription)) return;
    const auto status = text(*subscription, "status");
    const auto customer = text(*subscription, "customer");
    // A debit that failed days later: what it was for has begun meanwhile.
    const bool later = flag(invoice, "_collected_later") || flag(invoice, "_delayed");
    if (text(invoice, "billing_reason") != "subscription_cycle" && !later) return;
    if (status == "active") {
        account.change(id, "customer.subscription.updated",
                       [](Object& changed) { changed["status"] = "past_due"; });
        set_delinquent(account, customer, true);
    }
    const auto now = text(account.get("subscription", id), "status");
    if (now == "past_due" && !present(invoice, "next_payment_attempt")) give_up(account, id);
}

void invoice_was_closed(Account& account, const std::string& id, const std::string& invoice) {
    forget_pending_update(account, id, invoice);
    const bool voided = text(account.get("invoice", invoice), "status") == "void";
    if (voided)
        forget_resuming(account, id, invoice);
    else
        finish_resuming(account, id, invoice, "active");
}

}  // namespace paydesk::sandbox::stripe
