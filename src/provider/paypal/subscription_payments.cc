#include "provider/paypal/subscription_payments.h"

#include <algorithm>
#include <map>

#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

class Biller {
public:
    Biller(const Subscription& subscription, const std::vector<Plan>& others, Instant at)
        : subscription_(subscription), others_(others), at_(at), periods_(subscription) {}

    Billed run(std::vector<Payment> payments) {
        std::ranges::sort(payments, {}, [](const Payment& p) { return std::pair(p.at, p.sale); });
        std::vector<const Payment*> further;
        for (const Payment& payment : payments) {
            if (!payment.arrived()) continue;
            if (!first_.emplace(step_of(payment), &payment).second) further.push_back(&payment);
        }
        const auto unpaid = unpaid_steps();
        std::size_t pays = 0;  // of `unpaid`, the oldest first
        for (const auto& [step, payment] : first_) add_paid(id_of(step), step, *payment);
        const bool owing = owes(subscription_);
        for (const Payment* payment : further) {
            if (!owing && pays < unpaid.size() && after_failure(*payment)) {
                const auto step = unpaid[pays++];
                add_paid(id_of(step), step, *payment);
            } else {
                const auto step = periods_.step_paid_at(payment->at);
                add_paid({id_of(step).value + "/" + payment->sale.value}, step, *payment);
            }
        }
        if (owing) {
            add_owed(unpaid);
        } else {
            for (; pays < unpaid.size(); ++pays) add_void(unpaid[pays]);
        }
        for (const Payment& payment : payments) add_charge(payment);
        return std::move(billed_);
    }

private:
    Ref id_of(std::int64_t step) const {
        return {subscription_.id.value + "/" + date_text(periods_.grid.start_of(step))};
    }

    // The period that it pays: of a long one that could not be collected also months later.
    std::int64_t step_of(const Payment& payment) const {
        const auto step = periods_.step_paid_at(payment.at);
        const auto steps = periods_.steps_of(subscription_.plan);
        if (steps == 1 || !subscription_.last_failure || !after_failure(payment)) return step;
        const auto failed = periods_.step_paid_at(subscription_.last_failure->at);
        const bool late = failed < step && step < failed + steps && !is_paid(failed, steps);
        return late ? failed : step;
    }

    bool after_failure(const Payment& payment) const {
        return subscription_.last_failure && payment.at >= subscription_.last_failure->at;
    }

    // Whether a payment arrived in the period that begins with this step.
    bool is_paid(std::int64_t step, std::int64_t steps) const {
        const auto found = first_.lower_bound(step);
        return found != first_.end() && found->first < step + steps;
    }

    // The periods that failures left unpaid, the oldest first.
    std::vector<std::int64_t> unpaid_steps() const {
        std::vector<std::int64_t> unpaid;
        const auto& failed = subscription_.last_failure;
        if (!failed && !owes(subscription_)) return unpaid;
        const std::int64_t steps = periods_.steps_of(subscription_.plan);
        std::int64_t step = periods_.step_paid_at(failed ? failed->at : at_);
        // The one that is being tried again is not counted yet.
        const std::int64_t counted = subscription_.failures + (subscription_.next_retry ? 1 : 0);
        const std::int64_t most = owes(subscription_)
                                      ? std::clamp<std::int64_t>(counted, 1, failed_periods_max)
                                      : failed_periods_max;
        const std::int64_t oldest_known = first_.empty() ? step : first_.begin()->first;
        while (static_cast<std::int64_t>(unpaid.size()) < most && step >= 0 &&
               !is_paid(step, steps)) {
            // Of what lies before all that is known nobody can say whether it was paid.
            if (!unpaid.empty() && step < oldest_known) break;
            unpaid.push_back(step);
            step -= steps;
        }
        std::ranges::reverse(unpaid);
        return unpaid;
    }

    InvoiceSnapshot invoice(Ref id, std::int64_t step, Money amount) const {
        const Bought bought = bought_for(subscription_, others_, amount);
        const Instant start = periods_.grid.start_of(step);
        const Instant end = periods_.grid.start_of(step + periods_.steps_of(*bought.plan));
        const Money zero = Money::zero(amount.currency());
        InvoiceSnapshot snapshot{.invoice = std::move(id),
                                 .customer = {subscription_.custom_id},
                                 .subscription = subscription_.id,
                                 .account = subscription_.account,
                                 .status = InvoiceStatus::open,
                                 .amount_due = amount,
                                 .amount_paid = zero,
                                 .amount_remaining = amount,
                                 .subtotal = amount,
                                 .total = amount,
                                 .number = {},
                                 .billing_reason = step <= 0 && !periods_.trial_start
                                                       ? "subscription_create"
                                                       : "subscription_cycle",
                                 .hosted_invoice_url = {},
                                 .invoice_pdf = {},
                                 .discount = zero,
                                 .tax = zero,
                                 .lines = {},
                                 .period_start = start,
                                 .period_end = end,
                                 .paid_at = {},
                                 .due_date = {},
                                 .next_payment_attempt = {},
                                 .payment = {},
                                 .created_at = start};
        snapshot.bill_to.email = subscription_.email;
        InvoiceLine line{.description = bought.plan->name,
                         .amount = amount,
                         .quantity = bought.quantity,
                         .price = {},
                         .period_start = start,
                         .period_end = end};
        // An amount that no plan explains buys nobody credits.
        if (bought.quantity) line.price = bought.plan->plan;
        snapshot.lines.push_back(std::move(line));
        return snapshot;
    }

    void add_paid(Ref id, std::int64_t step, const Payment& payment) {
        invoice_of_.emplace(payment.sale.value, id);
        auto snapshot = invoice(std::move(id), step, payment.amount);
        snapshot.status = InvoiceStatus::paid;
        snapshot.amount_paid = payment.amount;
        snapshot.amount_remaining = Money::zero(payment.amount.currency());
        snapshot.paid_at = payment.at;
        snapshot.payment = payment.sale;
        snapshot.attempt_count = 1;
        billed_.invoices.push_back(std::move(snapshot));
    }

    // What is owed, split over the periods: each its price, the oldest the rest.
    void add_owed(std::vector<std::int64_t> unpaid) {
        Money owed = amount_owed(subscription_);
        if (owed.minor_units() <= 0) return;
        const auto& price = subscription_.plan.regular().price;
        const auto regular = price ? price->times(subscription_.quantity) : Result<Money>(owed);
        const bool splits =
            regular && regular->currency() == owed.currency() && regular->minor_units() > 0;
        while (!unpaid.empty()) {
            const std::int64_t step = unpaid.back();
            unpaid.pop_back();
            const bool rest = unpaid.empty() || !splits || *regular >= owed;
            const Money part = rest ? owed : *regular;
            const bool newest = billed_owed_++ == 0;
            add_open(step, part, newest);
            if (rest) return;
            owed = Money(owed.minor_units() - part.minor_units(), owed.currency());
        }
    }

    // How often PayPal has tried to collect this period by now.
    std::int64_t attempts_in(std::int64_t step) const {
        const auto& failed = subscription_.last_failure;
        if (!failed) return 1;
        const auto late = failed->at - periods_.grid.start_of(step) + std::chrono::days(1);
        return std::clamp<std::int64_t>(1 + late / retried_every, 1, attempts_in_period_max);
    }

    void add_open(std::int64_t step, Money amount, bool newest) {
        auto snapshot = invoice(id_of(step), step, amount);
        snapshot.attempt_count = newest ? attempts_in(step) : attempts_in_period_max;
        if (subscription_.state == State::cancelled) snapshot.status = InvoiceStatus::uncollectible;
        if (newest && subscription_.state == State::active)
            snapshot.next_payment_attempt = subscription_.next_retry;
        billed_.invoices.push_back(std::move(snapshot));
    }

    void add_void(std::int64_t step) {
        const Money amount = subscription_.last_failure->amount;
        auto snapshot = invoice(id_of(step), step, amount);
        snapshot.status = InvoiceStatus::void_;
        snapshot.amount_remaining = Money::zero(amount.currency());
        billed_.invoices.push_back(std::move(snapshot));
    }

    void add_charge(const Payment& payment) {
        const auto paid = invoice_of_.find(payment.sale.value);
        const bool refunded = payment.status == "REFUNDED";
        const bool failed = payment.status == "DECLINED";
        ChargeSnapshot charge{
            .charge = payment.sale,
            .payment = payment.sale,
            .customer = Ref{subscription_.custom_id},
            .invoice =
                paid == invoice_of_.end() ? id_of(periods_.step_paid_at(payment.at)) : paid->second,
            .account = subscription_.account,
            .status = payment.arrived() ? ChargeStatus::succeeded
                      : failed          ? ChargeStatus::failed
                                        : ChargeStatus::pending,
            .amount = payment.amount,
            .amount_refunded = refunded ? payment.amount : Money::zero(payment.amount.currency()),
            .refunded = refunded,
            .failure_code = {},
            .failure_message = {},
            .receipt_url = {},
            .description = bought_for(subscription_, others_, payment.amount).plan->name,
            .created_at = payment.at};
        if (failed) charge.failure_message = "PayPal declined the payment.";
        billed_.charges.push_back(std::move(charge));
    }

    const Subscription& subscription_;
    const std::vector<Plan>& others_;
    const Instant at_;
    const Periods periods_;
    std::map<std::int64_t, const Payment*> first_;  // by step
    std::map<std::string, Ref> invoice_of_;         // by sale
    int billed_owed_ = 0;
    Billed billed_;
};

}  // namespace

bool Payment::arrived() const {
    return status == "COMPLETED" || status == "PARTIALLY_REFUNDED" || status == "REFUNDED";
}

Result<std::vector<Payment>> read_payments(const json::value& list) {
    std::vector<Payment> payments;
    for (const json::value& each : array_at(list, {"transactions"})) {
        const auto id = ref_at(each, {"id"});
        const auto at = instant_at(each, {"time"});
        const auto status = text_at(each, {"status"});
        if (!id || !at || !status)
            return unusable("transaction", each, "has no usable id, time or status");
        const auto amount = money_at(each, {"amount_with_breakdown", "gross_amount"});
        if (!amount) return amount.error();
        if (amount->minor_units() <= 0) continue;  // a refund's: refunds are told by themselves
        payments.push_back({*id, *status, *amount, *at});
    }
    return payments;
}

Instant payments_needed_from(const Subscription& subscription, Instant since) {
    const Periods periods(subscription);
    // Before it lie all periods that failures can have left unpaid, and the whole of the first.
    const std::int64_t back = periods.steps_of(subscription.plan) * (failed_periods_max + 1) + 1;
    const Instant from = periods.grid.start_of(periods.step_paid_at(since) - back);
    return std::max(from,
                    std::min(subscription.created_at, subscription.start) - std::chrono::hours(24));
}

Billed bill(const Subscription& subscription, const std::vector<Plan>& others,
            std::vector<Payment> payments, Instant at) {
    return Biller(subscription, others, at).run(std::move(payments));
}

}  // namespace paydesk::provider::paypal
