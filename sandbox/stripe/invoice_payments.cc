#include "sandbox/stripe/invoice_payments.h"

#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {

void add_invoice_payment(Account& account, const Object& invoice, const std::string& intent) {
    Object payment = blank("invoice_payment");
    payment["id"] = account.new_id("inpay_1");
    payment["amount_requested"] = invoice.at("amount_due");
    payment["currency"] = invoice.at("currency");
    payment["invoice"] = invoice.at("id");
    payment["payment"] = Object{
        {"payment_intent", intent          },
        {"type",           "payment_intent"}
    };
    account.add(std::move(payment));
}

void change_invoice_payment(Account& account, const Object& invoice,
                            const std::function<void(Object&)>& edit, std::string_view event) {
    const auto ids = account.store().ids("invoice_payment");
    for (const auto& id : ids) {
        const Object& payment = *account.store().find(id);
        if (text(payment, "invoice") != text(invoice, "id")) continue;
        if (text(payment, "status") != "open") continue;
        const Object& changed = account.change(id, "", edit);
        if (!event.empty()) account.emit(event, changed);
    }
}

void add_attached_payment(Account& account, const std::string& id, const std::string& intent_id) {
    const Object intent = account.get("payment_intent", intent_id);
    const auto amount = number(intent, "amount_received");
    Object payment = blank("invoice_payment");
    payment["id"] = account.new_id("inpay_1");
    payment["amount_paid"] = amount;
    payment["amount_requested"] = amount;
    payment["currency"] = intent.at("currency");
    payment["invoice"] = id;
    payment["is_default"] = false;
    payment["payment"] = Object{
        {"payment_intent", intent_id       },
        {"type",           "payment_intent"}
    };
    payment["status"] = "paid";
    payment["status_transitions"].as_object()["paid_at"] = account.now();
    account.emit("invoice_payment.paid", account.add(std::move(payment)));
    // The rest is asked for by the invoice's own PaymentIntent.
    const Object& changed = account.change(id, "invoice.updated", [&](Object& invoice) {
        for (const auto& [key, by] : {
                 std::pair{"amount_paid",      amount },
                 {"amount_remaining", -amount}
        }) {
            invoice[key] = number(invoice, key) + by;
        }
    });
    const auto rest = number(changed, "amount_remaining");
    const auto own = text(changed, "_payment_intent");
    if (!account.find("payment_intent", own)) return;
    if (rest > 0) {
        account.change(own, "", [&](Object& waiting) { waiting["amount"] = rest; });
        return;
    }
    const Object& canceled = account.change(own, "", [&](Object& waiting) {
        waiting["status"] = "canceled";
        waiting["canceled_at"] = account.now();
        waiting["cancellation_reason"] = "automatic";
    });
    account.emit("payment_intent.canceled", canceled);
    change_invoice_payment(
        account, changed,
        [&](Object& waiting) {
            if (text(child(waiting, "payment"), "payment_intent") != own) return;
            waiting["status"] = "canceled";
            waiting["status_transitions"].as_object()["canceled_at"] = account.now();
        },
        "");
}

}  // namespace paydesk::sandbox::stripe
