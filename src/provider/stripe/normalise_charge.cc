// Charges, their refunds and their disputes.

#include "provider/stripe/reading.h"

namespace paydesk::provider::stripe {

Result<ChargeSnapshot> read_charge(const json::value& object, Instant at) {
    const auto id = ref_at(object, {"id"});
    if (!id) return unusable(object, "has no id");
    AmountReader amounts(object);
    ChargeSnapshot charge{
        .charge = *id,
        .payment = ref_at(object, {"payment_intent"}),
        .customer = ref_at(object, {"customer"}),
        .invoice = ref_at(object, {"invoice"}),  // until acacia; later asked for by its payment
        .amount = amounts.read("amount"),
        .amount_refunded = amounts.read("amount_refunded"),
        .refunded = bool_at(object, {"refunded"}).value_or(false),
        .disputed = bool_at(object, {"disputed"}).value_or(false),
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
        .created_at = instant_at(object, {"created"}).value_or(at),
    };
    if (amounts.error()) return *amounts.error();
    return refund;
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
