// Charges, their refunds and their disputes.

#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {

Result<ChargeSnapshot> read_charge(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    if (!id) return unusable(object, "has no id");
    const auto status_text = text_at(object, {"status"}).value_or("");
    auto status = parse_charge_status(status_text);
    if (!status) return unusable(object, "has an unknown status '" + status_text + "'");
    // Only authorised: the money is reserved and has not moved.
    const bool captured = bool_at(object, {"captured"}).value_or(true);
    if (status == ChargeStatus::succeeded && !captured) status = ChargeStatus::pending;
    AmountReader amounts(object);
    ChargeSnapshot charge{
        .charge = *id,
        .payment = ref_at(object, {"payment_intent"}),
        .customer = ref_at(object, {"customer"}),
        .invoice = ref_at(object, {"invoice"}),  // until acacia; later asked for by its payment
        .account = account_at(object, {"metadata"}),
        .status = *status,
        .amount = amounts.read("amount"),
        .amount_refunded = amounts.read("amount_refunded"),
        .refunded = bool_at(object, {"refunded"}).value_or(false),
        .disputed = bool_at(object, {"disputed"}).value_or(false),
        .failure_code = text_at(object, {"failure_code"}),
        .failure_message = text_at(object, {"failure_message"}),
        .receipt_url = text_at(object, {"receipt_url"}),
        .description = text_at(object, {"description"}),
        .created_at = instant_at(object, {"created"}).value_or(at),
    };
    if (amounts.error()) return *amounts.error();
    return charge;
}

Result<RefundSnapshot> read_refund(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    if (!id) return unusable(object, "has no id");
    AmountReader amounts(object);
    RefundSnapshot refund{
        .refund = *id,
        .charge = ref_at(object, {"charge"}),
        .payment = ref_at(object, {"payment_intent"}),
        .amount = amounts.read("amount"),
        .status = text_at(object, {"status"}).value_or("pending"),
        .reason = text_at(object, {"reason"}),
        .failure_reason = text_at(object, {"failure_reason"}),
        .intent_id = text_at(object, {"metadata", "refund_id"}),
        .created_at = instant_at(object, {"created"}).value_or(at),
    };
    if (amounts.error()) return *amounts.error();
    return refund;
}

Result<InvoicePaymentSnapshot> read_invoice_payment(const json::value& object) {
    const auto invoice = ref_at(object, {"invoice"});
    if (!invoice) return unusable(object, "has no invoice");
    // Paid outside of Stripe, or by a charge alone: nothing that a refund could be found by.
    return InvoicePaymentSnapshot{
        .invoice = *invoice,
        .payment = ref_at(object, {"payment", "payment_intent"}).value_or(Ref{})};
}

Result<DisputeSnapshot> read_dispute(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    if (!id) return unusable(object, "has no id");
    AmountReader amounts(object);
    DisputeSnapshot dispute{
        .dispute = *id,
        .charge = ref_at(object, {"charge"}),
        .payment = ref_at(object, {"payment_intent"}),
        .amount = amounts.read("amount"),
        .status = text_at(object, {"status"}).value_or(""),
        .reason = text_at(object, {"reason"}).value_or(""),
        .evidence_due_by = instant_at(object, {"evidence_details", "due_by"}),
        .created_at = instant_at(object, {"created"}).value_or(at),
    };
    if (amounts.error()) return *amounts.error();
    return dispute;
}

}  // namespace paydesk::provider::stripe
