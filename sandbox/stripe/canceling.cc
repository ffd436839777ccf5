// How a subscription ends, and how its end is planned and taken back.

#include "sandbox/stripe/pending_updates.h"
#include "sandbox/stripe/prorations.h"
#include "sandbox/stripe/schedules.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/usage_invoicing.h"

namespace paydesk::sandbox::stripe {

void cancel_subscription(Account& account, const std::string& id, std::string_view reason,
                         LastInvoice last) {
    drop_pending_update(account, id);
    if (last.prorate && text(account.get("subscription", id), "status") == "active") {
        credit_unused_time(account, id, account.now());
    }
    if (last.invoice_now) {
        const auto invoice =
            add_last_invoice(account, id, LastSecond::included, "subscription_update");
        if (!invoice.empty()) {
            finalize_invoice(account, invoice);
            collect_change(account, account.get("subscription", id), invoice, {});
        }
    }
    const Object canceled = account.change(id, "", [&](Object& subscription) {
        const bool incomplete = text(subscription, "status") == "incomplete";
        subscription["status"] = incomplete ? "incomplete_expired" : "canceled";
        subscription["ended_at"] = account.now();
        if (!present(subscription, "canceled_at")) subscription["canceled_at"] = account.now();
        auto& details = subscription["cancellation_details"].as_object();
        if (!present(details, "reason")) details["reason"] = reason;
    });
    account.emit("customer.subscription.deleted", canceled);
    subscription_of_schedule_ended(account, canceled, reason);
    const auto invoices = account.store().ids("invoice");
    for (const auto& invoice : invoices) {
        const Object& object = *account.store().find(invoice);
        if (text(child(child(object, "parent"), "subscription_details"), "subscription") != id ||
            text(object, "status") != "open") {
            continue;
        }
        account.change(invoice, "invoice.updated", [](Object& open) {
            open["auto_advance"] = false;
            open["next_payment_attempt"] = nullptr;
        });
    }
}

void cancel_at_period_end(Account& account, const std::string& id, CancelBy by) {
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        const bool flexible = text(child(subscription, "billing_mode"), "type") == "flexible";
        subscription["cancel_at_period_end"] = !(by == CancelBy::portal && flexible);
        subscription["cancel_at"] = period_end_of(subscription);
        subscription["canceled_at"] = account.now();
        subscription["cancellation_details"].as_object()["reason"] = "cancellation_requested";
    });
}

void keep_subscription(Account& account, const std::string& id) {
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        subscription["cancel_at_period_end"] = false;
        subscription["cancel_at"] = nullptr;
        subscription["canceled_at"] = nullptr;
        auto& details = subscription["cancellation_details"].as_object();
        for (const auto* key : {"comment", "feedback", "feedback_option", "reason"}) {
            details[key] = nullptr;
        }
    });
}

}  // namespace paydesk::sandbox::stripe
