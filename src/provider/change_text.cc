// A Change as text, for golden files and people: one field a line, absent ones left out.

#include <fmt/format.h>

#include "provider/change.h"

namespace paydesk::provider {
namespace {

// Text that keeps "one field a line" whatever a customer calls himself.
std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            line += c;
        }
    }
    return line;
}

class Lines {
public:
    // The names of what follows are put under `prefix`: "lines[0].".
    void under(std::string prefix) { prefix_ = std::move(prefix); }

    void add(std::string_view name, std::string_view value) {
        text_ += fmt::format("{}{}: {}\n", prefix_, name, one_line(value));
    }
    void add(std::string_view name, const std::string& value) {
        add(name, std::string_view(value));
    }
    void add(std::string_view name, bool value) {
        add(name, std::string_view(value ? "true" : "false"));
    }
    void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
    void add(std::string_view name, Instant value) { add(name, to_iso8601(value)); }
    void add(std::string_view name, Money value) { add(name, value.to_string()); }
    void add(std::string_view name, const Ref& value) { add(name, value.value); }
    void add(std::string_view name, const AccountId& value) { add(name, value.value); }
    template <class Value>
    void add(std::string_view name, const std::optional<Value>& value) {
        if (value) add(name, *value);
    }

    std::string text() && { return std::move(text_); }

private:
    std::string prefix_, text_;
};

void describe(Lines&, const Unfollowed&) {}
void describe(Lines&, const MustAsk&) {}

void describe(Lines& lines, const CustomerSnapshot& customer) {
    lines.add("account", customer.account);
    lines.add("email", customer.email);
    lines.add("name", customer.name);
    lines.add("default_payment_method", customer.default_payment_method);
    lines.add("deleted", customer.deleted);
}

void describe(Lines& lines, const SubscriptionSnapshot& subscription) {
    lines.add("customer", subscription.customer);
    lines.add("account", subscription.account);
    lines.add("status", to_string(subscription.status));
    lines.add("plan_key", subscription.plan_key);
    lines.add("period_start", subscription.period_start);
    lines.add("period_end", subscription.period_end);
    lines.add("cancel_at_period_end", subscription.cancel_at_period_end);
    lines.add("cancel_at", subscription.cancel_at);
    lines.add("canceled_at", subscription.canceled_at);
    lines.add("cancel_reason", subscription.cancel_reason);
    lines.add("cancel_feedback", subscription.cancel_feedback);
    lines.add("cancel_comment", subscription.cancel_comment);
    lines.add("schedule", subscription.schedule);
    lines.add("ended_at", subscription.ended_at);
    lines.add("trial_start", subscription.trial_start);
    lines.add("trial_end", subscription.trial_end);
    lines.add("default_payment_method", subscription.default_payment_method);
    lines.add("latest_invoice", subscription.latest_invoice);
    lines.add("collection_paused", subscription.collection_paused);
    lines.add("created_at", subscription.created_at);
    for (std::size_t i = 0; i < subscription.items.size(); ++i) {
        const SubscriptionItem& item = subscription.items[i];
        lines.under(fmt::format("items[{}].", i));
        lines.add("item", item.item);
        lines.add("price", item.price);
        lines.add("product", item.product);
        lines.add("lookup_key", item.lookup_key);
        lines.add("quantity", item.quantity);
        lines.add("period_start", item.period_start);
        lines.add("period_end", item.period_end);
    }
}

void describe(Lines& lines, const ScheduleSnapshot& schedule) {
    lines.add("customer", schedule.customer);
    lines.add("subscription", schedule.subscription);
    lines.add("status", std::string_view(schedule.status));
    lines.add("current_phase_start", schedule.current_phase_start);
    lines.add("created_at", schedule.created_at);
    for (std::size_t i = 0; i < schedule.phases.size(); ++i) {
        const SchedulePhase& phase = schedule.phases[i];
        lines.under(fmt::format("phases[{}].", i));
        lines.add("start", phase.start);
        lines.add("end", phase.end);
        for (const auto& item : phase.items) {
            lines.add("price", item.price);
            lines.add("quantity", item.quantity);
        }
    }
}

void describe(Lines& lines, const InvoiceSnapshot& invoice) {
    lines.add("customer", invoice.customer);
    lines.add("subscription", invoice.subscription);
    lines.add("account", invoice.account);
    lines.add("status", to_string(invoice.status));
    lines.add("number", invoice.number);
    lines.add("billing_reason", invoice.billing_reason);
    lines.add("amount_due", invoice.amount_due);
    lines.add("amount_paid", invoice.amount_paid);
    lines.add("amount_remaining", invoice.amount_remaining);
    lines.add("subtotal", invoice.subtotal);
    lines.add("total", invoice.total);
    if (invoice.discount.minor_units() != 0) lines.add("discount", invoice.discount);
    if (invoice.tax.minor_units() != 0) {
        lines.add("tax", invoice.tax);
        lines.add("taxes_inclusive", invoice.taxes_inclusive);
    }
    lines.add("bill_to.name", invoice.bill_to.name);
    lines.add("bill_to.email", invoice.bill_to.email);
    for (const auto& line : invoice.bill_to.address) lines.add("bill_to.address", line);
    for (const auto& id : invoice.bill_to.tax_ids) lines.add("bill_to.tax_id", id);
    lines.add("payment", invoice.payment);
    lines.add("attempt_count", invoice.attempt_count);
    lines.add("next_payment_attempt", invoice.next_payment_attempt);
    lines.add("due_date", invoice.due_date);
    lines.add("paid_at", invoice.paid_at);
    lines.add("period_start", invoice.period_start);
    lines.add("period_end", invoice.period_end);
    lines.add("hosted_invoice_url", invoice.hosted_invoice_url);
    lines.add("invoice_pdf", invoice.invoice_pdf);
    lines.add("deleted", invoice.deleted);
    lines.add("created_at", invoice.created_at);
    for (std::size_t i = 0; i < invoice.lines.size(); ++i) {
        const InvoiceLine& line = invoice.lines[i];
        lines.under(fmt::format("lines[{}].", i));
        lines.add("description", line.description);
        lines.add("amount", line.amount);
        lines.add("quantity", line.quantity);
        lines.add("price", line.price);
        lines.add("period_start", line.period_start);
        lines.add("period_end", line.period_end);
        lines.add("proration", line.proration);
    }
}

void describe(Lines& lines, const PaymentMethodSnapshot& method) {
    lines.add("customer", method.customer);
    lines.add("previous_customer", method.previous_customer);
    lines.add("type", method.type);
    lines.add("brand", method.brand);
    lines.add("last4", method.last4);
    lines.add("fingerprint", method.fingerprint);
    lines.add("exp_month", method.exp_month);
    lines.add("exp_year", method.exp_year);
    lines.add("created_at", method.created_at);
}

void describe(Lines& lines, const CheckoutSnapshot& checkout) {
    lines.add("customer", checkout.customer);
    lines.add("subscription", checkout.subscription);
    lines.add("payment", checkout.payment);
    lines.add("invoice", checkout.invoice);
    lines.add("account", checkout.account);
    lines.add("mode", checkout.mode);
    lines.add("status", checkout.status);
    lines.add("payment_status", checkout.payment_status);
    lines.add("payment_failed", checkout.payment_failed);
    lines.add("total", checkout.total);
    lines.add("email", checkout.email);
    lines.add("plan_key", checkout.plan_key);
    lines.add("intent_id", checkout.intent_id);
    lines.add("expires_at", checkout.expires_at);
    lines.add("created_at", checkout.created_at);
}

void describe(Lines& lines, const ChargeSnapshot& charge) {
    lines.add("payment", charge.payment);
    lines.add("customer", charge.customer);
    lines.add("invoice", charge.invoice);
    lines.add("account", charge.account);
    lines.add("status", to_string(charge.status));
    lines.add("amount", charge.amount);
    lines.add("amount_refunded", charge.amount_refunded);
    lines.add("refunded", charge.refunded);
    lines.add("disputed", charge.disputed);
    lines.add("failure_code", charge.failure_code);
    lines.add("failure_message", charge.failure_message);
    lines.add("receipt_url", charge.receipt_url);
    lines.add("description", charge.description);
    lines.add("created_at", charge.created_at);
}

void describe(Lines& lines, const RefundSnapshot& refund) {
    lines.add("charge", refund.charge);
    lines.add("payment", refund.payment);
    lines.add("amount", refund.amount);
    lines.add("status", refund.status);
    lines.add("reason", refund.reason);
    lines.add("failure_reason", refund.failure_reason);
    lines.add("intent_id", refund.intent_id);
    lines.add("created_at", refund.created_at);
}

void describe(Lines& lines, const DisputeSnapshot& dispute) {
    lines.add("charge", dispute.charge);
    lines.add("payment", dispute.payment);
    lines.add("amount", dispute.amount);
    lines.add("status", dispute.status);
    lines.add("reason", dispute.reason);
    lines.add("evidence_due_by", dispute.evidence_due_by);
    lines.add("created_at", dispute.created_at);
}

void describe(Lines& lines, const InvoicePaymentSnapshot& paid) {
    lines.add("invoice", paid.invoice);
    lines.add("payment", paid.payment);
}

}  // namespace

std::string to_string(const Change& change) {
    const auto present = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
    };
    Lines lines;
    lines.add("provider", to_string(change.provider));
    lines.add("event_id", present(change.event_id));
    lines.add("event_type", present(change.event_type));
    lines.add("api_version", present(change.api_version));
    lines.add("livemode", change.livemode);
    lines.add("occurred_at", change.occurred_at);
    lines.add("kind", to_string(change.kind));
    lines.add("object", present(change.object.value));
    std::visit([&](const auto& fact) { describe(lines, fact); }, change.fact);
    return std::move(lines).text();
}

}  // namespace paydesk::provider
