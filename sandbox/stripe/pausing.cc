#include "sandbox/stripe/pausing.h"

#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/period.h"
#include "sandbox/stripe/prorations.h"
#include "sandbox/stripe/subscribing.h"
#include "sandbox/stripe/subscription_changes.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {
namespace {

bool waits_for(const Object& subscription, const std::string& invoice) {
    return text(subscription, "status") == "paused" && !invoice.empty() &&
           text(subscription, "_resuming") == invoice;
}

// The period that is current from now on.
void set_period(Object& subscription, bool keeps_anchor, std::int64_t now) {
    if (!keeps_anchor) subscription["billing_cycle_anchor"] = now;
    const auto anchor = number(subscription, "billing_cycle_anchor");
    for (json::value& value : subscription["items"].as_object()["data"].as_array()) {
        Object& item = value.get_object();
        const Object& recurring = child(child(item, "price"), "recurring");
        const auto interval = text(recurring, "interval");
        const auto count = number(recurring, "interval_count", 1);
        const auto end = next_boundary(anchor, now, interval, count);
        item["current_period_start"] = previous_boundary(end, interval, count);
        if (is_metered(child(item, "price"))) item["_usage_since"] = now;
        item["current_period_end"] = end;
    }
}

void become_active(Account& account, const std::string& id, std::string_view status) {
    const Object& resumed =
        account.change(id, "customer.subscription.updated", [&](Object& subscription) {
            subscription["status"] = status;
            subscription.erase("status_details");
            subscription.erase("_resuming");
        });
    account.emit("customer.subscription.resumed", resumed);
}

}  // namespace

void pause_subscription(Account& account, const std::string& id, std::string_view why) {
    const Object& paused =
        account.change(id, "customer.subscription.updated", [&](Object& subscription) {
            subscription["status"] = "paused";
            subscription["status_details"] = Object{
                {"paused", Object{{"subscription", Object{{"type", why}}},
                                  {"transitioned_at", account.now()},
                                  {"type", "subscription"}}}
            };
        });
    account.emit("customer.subscription.paused", paused);
}

void resume_subscription(Account& account, const std::string& id, const ResumeTerms& terms) {
    drop_timers(account, "resume_paused", id);
    // Whoever asks again asks for another invoice.
    const auto waiting = text(account.get("subscription", id), "_resuming");
    if (!waiting.empty()) void_invoice(account, waiting);
    const auto now = account.now();
    account.change(id, "customer.subscription.updated", [&](Object& subscription) {
        set_period(subscription, terms.keeps_anchor, now);
    });
    if (terms.keeps_anchor && terms.proration_behavior != "none") {
        charge_remaining_time(account, id, terms.proration_date == 0 ? now : terms.proration_date);
    }
    const bool bills = !terms.keeps_anchor || terms.proration_behavior == "always_invoice";
    const auto invoice = bills ? add_update_invoice(account, id, !terms.keeps_anchor) : "";
    if (invoice.empty() || text(account.get("invoice", invoice), "status") != "open") {
        become_active(account, id, "active");
        return;
    }
    account.change(id, "", [&](Object& subscription) { subscription["_resuming"] = invoice; });
    add_timer(account, now + resumption_seconds, "expire_resuming", id);
    const auto method = method_for(account, account.get("invoice", invoice));
    if (method.empty()) return;
    const auto outcome =
        pay_invoice(account, invoice, {.payment_method = method, .off_session = true});
    if (outcome == Outcome::processing) finish_resuming(account, id, invoice, "active");
    if (outcome == Outcome::declined && !terms.needs_payment) {
        finish_resuming(account, id, invoice, "past_due");
    }
}

void finish_resuming(Account& account, const std::string& id, const std::string& invoice,
                     std::string_view status) {
    const auto* subscription = account.find("subscription", id);
    if (!subscription || !waits_for(*subscription, invoice)) return;
    drop_timers(account, "expire_resuming", id);
    become_active(account, id, status);
}

void forget_resuming(Account& account, const std::string& id, const std::string& invoice) {
    const auto* subscription = account.find("subscription", id);
    if (!subscription || !waits_for(*subscription, invoice)) return;
    drop_timers(account, "expire_resuming", id);
    account.change(id, "", [](Object& changed) { changed.erase("_resuming"); });
}

void expire_resuming(Account& account, const std::string& id) {
    const auto invoice = text(account.get("subscription", id), "_resuming");
    if (!invoice.empty()) void_invoice(account, invoice);
}

void resume_paused(Account& account, const std::string& id) {
    if (text(account.get("subscription", id), "status") == "paused") {
        resume_subscription(account, id);
    }
}

}  // namespace paydesk::sandbox::stripe
