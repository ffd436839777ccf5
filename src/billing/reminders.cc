#include "billing/reminders.h"

#include <algorithm>

#include "billing/decide_facts.h"
#include "billing/reminder_store.h"

namespace paydesk::billing {
namespace {

using reminder_store::Due;

// As the provider's event would say it.
std::vector<notify::Notification> trial_facts(const Due& due) {
    provider::SubscriptionSnapshot trial{};
    trial.subscription = due.subscription;
    trial.status = provider::SubscriptionStatus::trialing;
    trial.trial_end = due.at;
    auto facts =
        facts_of(due.account, "customer.subscription.trial_will_end", trial, due.plan_name);
    std::erase_if(facts, [](const auto& fact) { return fact.type != "trial_ending"; });
    return facts;
}

std::vector<notify::Notification> renewal_facts(const Due& due, const provider::Renewal& renewal) {
    const Money nothing = Money::zero(renewal.amount.currency());
    provider::InvoiceSnapshot upcoming{.invoice = {},
                                       .customer = {},
                                       .subscription = due.subscription,
                                       .account = {},
                                       .status = provider::InvoiceStatus::draft,
                                       .amount_due = renewal.amount,
                                       .amount_paid = nothing,
                                       .amount_remaining = renewal.amount,
                                       .subtotal = renewal.amount,
                                       .total = renewal.amount,
                                       .number = {},
                                       .billing_reason = {},
                                       .hosted_invoice_url = {},
                                       .invoice_pdf = {},
                                       .lines = {},
                                       .period_start = {},
                                       .period_end = due.at,
                                       .paid_at = {},
                                       .due_date = {},
                                       .next_payment_attempt = renewal.at,
                                       .payment = {},
                                       .created_at = due.at};
    auto facts = facts_of(due.account, "invoice.upcoming", upcoming);
    for (auto& fact : facts) {
        if (!due.plan_name.empty()) fact.details["plan"] = due.plan_name;
    }
    return facts;
}

std::vector<notify::Notification> unpaid_facts(const reminder_store::Unpaid& due) {
    const Money nothing = Money::zero(due.amount.currency());
    provider::InvoiceSnapshot open{.invoice = provider::Ref{due.invoice},
                                   .customer = {},
                                   .subscription = provider::Ref{due.subscription},
                                   .account = {},
                                   .status = provider::InvoiceStatus::open,
                                   .amount_due = due.amount,
                                   .amount_paid = nothing,
                                   .amount_remaining = due.amount,
                                   .subtotal = due.amount,
                                   .total = due.amount,
                                   .number = {},
                                   .billing_reason = std::string(provider::usage_billing_reason),
                                   .hosted_invoice_url = due.hosted_invoice_url,
                                   .invoice_pdf = {},
                                   .lines = {},
                                   .period_start = due.period_start,
                                   .period_end = due.period_end,
                                   .paid_at = {},
                                   .due_date = {},
                                   .next_payment_attempt = {},
                                   .payment = {},
                                   .created_at = due.created_at};
    auto facts = facts_of(due.account, "", open);
    for (auto& fact : facts) {
        fact.fact_key += ":" + std::to_string(due.days);
        fact.title = "Invoice Still Unpaid";
    }
    return facts;
}

Task<std::size_t> tell(const Flow& flow, std::vector<notify::Notification> facts) {
    co_return co_await flow.db.transaction(
        [&](db::Tx& tx) -> Task<std::size_t> { co_return co_await notify::add(tx, facts); });
}

}  // namespace

Task<Result<std::size_t>> send_reminders(const Flow& flow, ReminderDays days) {
    const Instant now = flow.clock.now();
    const auto provider = flow.provider.name();
    std::size_t told = 0;
    for (const auto& due :
         co_await reminder_store::trials(flow.db, provider, now, now + days.trial)) {
        told += co_await tell(flow, trial_facts(due));
    }
    for (const auto& due : co_await reminder_store::unpaid(
             flow.db, provider, now, {unpaid_reminder_days.begin(), unpaid_reminder_days.end()})) {
        told += co_await tell(flow, unpaid_facts(due));
    }
    if (days.renewal.count() == 0) co_return told;
    for (const auto& due :
         co_await reminder_store::renewals(flow.db, provider, now, now + days.renewal)) {
        const auto renewal = co_await flow.provider.preview_renewal(due.subscription);
        if (!renewal && info(renewal.error().code).retryable) co_return renewal.error();
        if (renewal) told += co_await tell(flow, renewal_facts(due, *renewal));
    }
    co_return told;
}

}  // namespace paydesk::billing
