#include "billing/decide_facts.h"

#include <array>
#include <chrono>

#include "billing/dispute_row.h"
#include "billing/refund_row.h"

namespace paydesk::billing {

namespace {

using notify::Notification;

std::string unix_of(const std::optional<Instant>& instant) {
    return instant ? std::to_string(to_unix(*instant)) : "unknown";
}

std::optional<Instant> scheduled_end(const SubscriptionRow::Content& content) {
    if (!content.cancel_scheduled()) return std::nullopt;
    return content.cancel_at ? content.cancel_at : content.period_end;
}

// "Pro subscription", or "subscription" where the catalogue has no such plan.
std::string subscription_called(std::string_view plan_name) {
    return plan_name.empty() ? "subscription" : std::string(plan_name) + " subscription";
}

// A settled one-time purchase; where the provider makes an invoice of it, that one tells.
bool is_purchase(const provider::CheckoutSnapshot& snapshot) {
    return snapshot.mode == "payment" && !snapshot.invoice && snapshot.total &&
           snapshot.total->minor_units() > 0;
}

// The provider's reminder of a renewal: an invoice that is only foreseen.
std::vector<Notification> renewal_facts(const AccountId& account, std::string_view event_type,
                                        const provider::InvoiceSnapshot& snapshot) {
    if (event_type != "invoice.upcoming" || !snapshot.subscription) return {};
    if (snapshot.amount_due.minor_units() <= 0) return {};
    const std::string& sub = snapshot.subscription->value;
    const auto when =
        snapshot.next_payment_attempt ? snapshot.next_payment_attempt : snapshot.period_end;
    Notification fact{.account = account,
                      .type = "renewal_upcoming",
                      .title = "Renewal Upcoming",
                      .message = "Your subscription renews " +
                                 (when ? "on " + date_for_people(*when) : std::string("soon")) +
                                 " for " + snapshot.amount_due.format() + ".",
                      .metadata = {{"subscription_id", sub}},
                      .fact_key = "renewal_upcoming:" + sub + ":" + unix_of(snapshot.period_end)};
    fact.details = {
        {"amount",   snapshot.amount_due.minor_units()          },
        {"currency", snapshot.amount_due.currency().lower_code()}
    };
    if (when) fact.details["renews_at"] = to_unix(*when);
    return {std::move(fact)};
}

}  // namespace

std::string date_for_people(Instant instant) {
    static constexpr std::array<const char*, 12> months = {
        "January", "February", "March",     "April",   "May",      "June",
        "July",    "August",   "September", "October", "November", "December"};
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(instant)};
    return std::string(months[static_cast<unsigned>(date.month()) - 1]) + ' ' +
           std::to_string(static_cast<unsigned>(date.day())) + ", " +
           std::to_string(static_cast<int>(date.year()));
}

std::vector<Notification> facts_of(const AccountId& account, std::string_view event_type,
                                   const provider::SubscriptionSnapshot& snapshot,
                                   std::string_view plan_name, bool resumable) {
    using enum provider::SubscriptionStatus;
    const std::string& sub = snapshot.subscription.value;
    const std::string called = subscription_called(plan_name);
    std::vector<Notification> facts;
    const auto tell = [&](std::string type, std::string title, std::string message,
                          std::string key_suffix = "") {
        std::string key = type + ":" + sub + key_suffix;
        facts.push_back({.account = account,
                         .type = std::move(type),
                         .title = std::move(title),
                         .message = std::move(message),
                         .metadata = {{"subscription_id", sub}},
                         .fact_key = std::move(key)});
        if (!plan_name.empty()) facts.back().details["plan"] = plan_name;
    };
    if (snapshot.status == active || snapshot.status == trialing) {
        tell("subscription_activated", "Subscription Activated",
             "Your " + called + " has been successfully activated.");
    }
    if (snapshot.cancel_scheduled()) {
        const auto end = snapshot.cancel_at ? snapshot.cancel_at : snapshot.period_end;
        tell("subscription_cancel_scheduled", "Cancellation Scheduled",
             "Your " + called +
                 (end ? " ends on " + date_for_people(*end) : " ends with the current period") +
                 (resumable ? ". You can resume it until then."
                            : ". It cannot be resumed: subscribe anew when it is over."),
             ":" + unix_of(end));
        if (!resumable) facts.back().details["final"] = "yes";
        if (end) facts.back().details["ends_at"] = to_unix(*end);
    }
    if (snapshot.status == canceled) {
        const bool unpaid = snapshot.cancel_reason == "payment_failed";
        tell("subscription_canceled", "Subscription Canceled",
             unpaid ? "Your " + called +
                          " has ended because its payment failed repeatedly. You are on the free "
                          "plan now."
                    : "Your " + called + " has been canceled.");
    }
    if (snapshot.status == provider::SubscriptionStatus::unpaid) {
        tell("subscription_unpaid", "Subscription Unpaid",
             "The payment of your " + called +
                 " failed repeatedly. You are on the free plan until the open invoice is paid.",
             ":" + (snapshot.latest_invoice ? snapshot.latest_invoice->value : "unknown"));
    }
    if (event_type == "customer.subscription.trial_will_end" && snapshot.status == trialing) {
        tell("trial_ending", "Trial Ending Soon",
             snapshot.trial_end ? "The trial of your " + called + " ends on " +
                                      date_for_people(*snapshot.trial_end) + "."
                                : "The trial of your " + called + " ends soon.",
             ":" + unix_of(snapshot.trial_end));
        if (snapshot.trial_end) facts.back().details["trial_end_at"] = to_unix(*snapshot.trial_end);
    }
    return facts;
}

std::optional<Notification> resumed_fact(const AccountId& account, const std::string& sub,
                                         const SubscriptionRow::Content& older,
                                         const SubscriptionRow::Content& newer) {
    if (!older.cancel_scheduled() || newer.cancel_scheduled()) return std::nullopt;
    if (provider::is_terminal(newer.status)) return std::nullopt;
    return Notification{
        .account = account,
        .type = "subscription_resumed",
        .title = "Subscription Resumed",
        .message = "Your " + subscription_called(newer.plan_name) +
                   " will renew as before: the cancellation was undone.",
        .metadata = {{"subscription_id", sub}},
        .fact_key = "subscription_resumed:" + sub + ":" + unix_of(scheduled_end(older))};
}

std::vector<Notification> facts_of(const AccountId& account, std::string_view event_type,
                                   const provider::InvoiceSnapshot& snapshot) {
    std::vector<Notification> facts;
    if (!snapshot.invoice) return renewal_facts(account, event_type, snapshot);
    const std::string& invoice = snapshot.invoice->value;
    const auto tell = [&](std::string type, std::string title, std::string message, Money amount,
                          std::string key_suffix = "") {
        std::string key = type + ":" + invoice + key_suffix;
        facts.push_back({.account = account,
                         .type = std::move(type),
                         .title = std::move(title),
                         .message = std::move(message),
                         .metadata = {{"invoice_id", invoice}},
                         .fact_key = std::move(key)});
        auto& metadata = facts.back().metadata;
        if (snapshot.subscription) metadata["subscription_id"] = snapshot.subscription->value;
        if (snapshot.hosted_invoice_url) metadata["url"] = *snapshot.hosted_invoice_url;
        auto& details = facts.back().details;
        details = {
            {"invoice_id", invoice                       },
            {"amount",     amount.minor_units()          },
            {"currency",   amount.currency().lower_code()}
        };
        if (snapshot.hosted_invoice_url) details["url"] = *snapshot.hosted_invoice_url;
        if (snapshot.number) details["invoice_number"] = *snapshot.number;
    };
    const std::string attempt = ":" + std::to_string(snapshot.attempt_count);
    if (snapshot.status == provider::InvoiceStatus::paid &&
        snapshot.amount_paid.minor_units() > 0) {
        tell("payment_success", "Payment Successful",
             "Your payment of " + snapshot.amount_paid.format() + " has been processed." +
                 (snapshot.attempt_count > 1 ? " Thank you: nothing is open any more." : ""),
             snapshot.amount_paid);
        if (snapshot.paid_at) facts.back().details["paid_at"] = to_unix(*snapshot.paid_at);
    }
    if (snapshot.billing_reason == provider::usage_billing_reason &&
        snapshot.status == provider::InvoiceStatus::open &&
        snapshot.amount_remaining.minor_units() > 0) {
        tell("usage_invoiced", "Invoice for Your Usage",
             "What you used beyond your plan comes to " + snapshot.amount_remaining.format() +
                 ". It is not collected by itself: please pay it on your billing page.",
             snapshot.amount_remaining);
        auto& details = facts.back().details;
        if (snapshot.period_start) details["from_at"] = to_unix(*snapshot.period_start);
        if (snapshot.period_end) details["until_at"] = to_unix(*snapshot.period_end);
    }
    if (event_type == "invoice.payment_failed") {
        tell("payment_failed", "Payment Failed",
             "Your payment of " + snapshot.amount_due.format() +
                 " failed. Please update your payment method.",
             snapshot.amount_due, attempt);
        if (snapshot.next_payment_attempt)
            facts.back().details["next_attempt_at"] = to_unix(*snapshot.next_payment_attempt);
    }
    if (event_type == "invoice.payment_action_required") {
        tell("action_required", "Payment Needs Your Confirmation",
             "Your bank asks you to confirm the payment of " + snapshot.amount_due.format() + ".",
             snapshot.amount_due, attempt);
    }
    return facts;
}

std::vector<Notification> facts_of(const AccountId& account, std::string_view event_type,
                                   const provider::CheckoutSnapshot& snapshot) {
    std::vector<Notification> facts;
    const std::string& checkout = snapshot.checkout.value;
    const auto tell = [&](std::string type, std::string title, std::string message) {
        std::string key = type + ":" + checkout;
        facts.push_back({.account = account,
                         .type = std::move(type),
                         .title = std::move(title),
                         .message = std::move(message),
                         .metadata = {{"checkout_id", checkout}},
                         .fact_key = std::move(key)});
        if (snapshot.total && snapshot.total->minor_units() > 0) {
            facts.back().details = {
                {"amount",   snapshot.total->minor_units()          },
                {"currency", snapshot.total->currency().lower_code()}
            };
        }
    };
    if (snapshot.payment_failed || event_type == "checkout.session.async_payment_failed") {
        tell("payment_failed", "Payment Failed",
             "Your payment did not go through. Please try again with another payment method.");
    } else if (is_purchase(snapshot) && snapshot.status == "complete" &&
               snapshot.payment_status == "paid") {
        tell("payment_success", "Payment Successful",
             "Your payment of " + snapshot.total->format() + " has been processed.");
    }
    return facts;
}

std::vector<Notification> facts_of(const AccountId& account,
                                   const provider::RefundSnapshot& snapshot) {
    const auto status = parse_refund_status(snapshot.status);
    if (status != RefundStatus::succeeded && status != RefundStatus::failed) return {};
    const bool failed = status == RefundStatus::failed;
    const std::string type = failed ? "refund_failed" : "refund_succeeded";
    const std::string amount = snapshot.amount.format();
    std::vector<Notification> facts;
    facts.push_back({.account = account,
                     .type = type,
                     .title = failed ? "Refund Failed" : "Refund Issued",
                     .message = failed ? "Your refund of " + amount +
                                             " was sent back by your bank. We will get in touch."
                                       : "We refunded " + amount + " to your payment method.",
                     .metadata = {{"refund_id", snapshot.refund.value}},
                     .fact_key = type + ":" + snapshot.refund.value});
    facts.back().details = {
        {"amount",   snapshot.amount.minor_units()          },
        {"currency", snapshot.amount.currency().lower_code()}
    };
    if (failed) {
        facts.push_back({
            .account = operator_account,
            .type = type,
            .title = "Refund Failed",
            .message = "The refund of " + amount + " failed (" +
                       snapshot.failure_reason.value_or("no reason given") +
                       "): the money is back with you, the buyer still waits for it.",
            .metadata = {{"refund_id", snapshot.refund.value}, {"account_id", account.value}},
            .fact_key = type + ":" + snapshot.refund.value
        });
    }
    return facts;
}

std::vector<Notification> facts_of(const AccountId& account,
                                   const provider::DisputeSnapshot& snapshot) {
    const std::string& dispute = snapshot.dispute.value;
    const std::string amount = snapshot.amount.format();
    std::vector<Notification> facts;
    const auto tell = [&](std::string type, std::string title, std::string message,
                          std::string key_suffix = "") {
        std::string key = type + ":" + dispute + key_suffix;
        facts.push_back({
            .account = operator_account,
            .type = std::move(type),
            .title = std::move(title),
            .message = std::move(message),
            .metadata = {{"dispute_id", dispute},
                         {"account_id", account.value},
                         {"status", snapshot.status}},
            .fact_key = std::move(key)
        });
    };
    const std::string why = snapshot.reason.empty() ? "" : " (" + snapshot.reason + ")";
    if (is_decided(snapshot.status)) {
        tell("dispute_closed", "Dispute Closed",
             "The dispute about " + amount + " is " + snapshot.status + ".", ":" + snapshot.status);
    } else if (is_inquiry(snapshot.status)) {
        tell("dispute_inquiry", "A Bank Asks About a Payment",
             "A buyer asked their bank about " + amount + why +
                 ". No money has moved yet; a refund now avoids a dispute.");
    } else {
        tell("dispute_opened", "Payment Disputed",
             "A buyer disputes " + amount + why + ": the bank has taken the money back." +
                 (snapshot.evidence_due_by
                      ? " Evidence is due by " + date_for_people(*snapshot.evidence_due_by) + "."
                      : ""));
    }
    return facts;
}

std::vector<notify::Notification> facts_of(const AccountId& account,
                                           const ScheduleRow::Content& content) {
    if (!content.subscription || !content.effective_at || content.plan_name.empty()) return {};
    const std::string many =
        *content.quantity > 1 ? " (" + std::to_string(*content.quantity) + " units)" : "";
    const std::string yearly = content.billing_cycle == "yearly" ? ", paid yearly" : "";
    Notification fact{.account = account,
                      .type = "subscription_change_scheduled",
                      .title = "Plan Change Scheduled",
                      .message = "From " + date_for_people(*content.effective_at) +
                                 " on your plan is " + content.plan_name + many + yearly + ".",
                      .metadata = {{"subscription_id", *content.subscription}},
                      .fact_key = "subscription_change_scheduled:" + *content.subscription + ":" +
                                  *content.price_id + ":" + std::to_string(*content.quantity) +
                                  ":" + unix_of(content.effective_at)};
    return {std::move(fact)};
}

}  // namespace paydesk::billing
