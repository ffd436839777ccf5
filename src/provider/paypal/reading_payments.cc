// Orders, captures, refunds, disputes.

#include <algorithm>
#include <array>

#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

Money magnitude(Money amount) {
    return amount.is_negative() ? Money(-amount.minor_units(), amount.currency()) : amount;
}

std::optional<ChargeStatus> capture_status(std::string_view status) {
    if (status == "COMPLETED" || status == "PARTIALLY_REFUNDED" || status == "REFUNDED")
        return ChargeStatus::succeeded;
    if (status == "PENDING") return ChargeStatus::pending;
    if (status == "DECLINED" || status == "FAILED") return ChargeStatus::failed;
    return std::nullopt;
}

// v2's and v1's words.
std::optional<std::string> refund_status(std::string_view status) {
    if (status == "COMPLETED" || status == "completed") return "succeeded";
    if (status == "PENDING" || status == "pending") return "pending";
    if (status == "FAILED" || status == "failed") return "failed";
    if (status == "CANCELLED" || status == "cancelled") return "canceled";
    return std::nullopt;
}

// The order's last capture that is not a failed one, else its last.
const json::value* deciding_capture(const json::value& order) {
    const json::value* deciding = nullptr;
    for (const json::value& capture :
         array_at(order, {"purchase_units", "0", "payments", "captures"})) {
        const auto status = capture_status(text_at(capture, {"status"}).value_or(""));
        if (status != ChargeStatus::failed || deciding == nullptr) deciding = &capture;
    }
    return deciding;
}

struct OrderState {
    std::string status, payment_status;
    bool approved = false, failed = false;
};

// Completed orders may have a capture that is pending or was declined: what was bought is given by the
// capture, not by the order.
std::optional<OrderState> order_state(std::string_view status, const json::value* capture) {
    if (status == "CREATED" || status == "SAVED" || status == "PAYER_ACTION_REQUIRED")
        return OrderState{"open", "unpaid"};
    if (status == "APPROVED") return OrderState{"open", "unpaid", true};
    if (status == "VOIDED") return OrderState{"expired", "unpaid"};
    if (status != "COMPLETED") return std::nullopt;
    if (capture == nullptr) return OrderState{"complete", "unpaid"};
    switch (capture_status(text_at(*capture, {"status"}).value_or(""))
                .value_or(ChargeStatus::pending)) {
        case ChargeStatus::succeeded:
            return OrderState{"complete", "paid"};
        case ChargeStatus::pending:
            return OrderState{"complete", "unpaid"};
        case ChargeStatus::failed:
            return OrderState{"open", "unpaid", false, true};
    }
    return std::nullopt;
}

struct DisputeOutcome {
    std::string_view outcome, status;
};
constexpr auto dispute_outcomes = std::to_array<DisputeOutcome>({
    {"RESOLVED_SELLER_FAVOUR", "won" },
    {"CANCELED_BY_BUYER",      "won" },
    {"DENIED",                 "won" },
    {"NONE",                   "won" },
    {"RESOLVED_BUYER_FAVOUR",  "lost"},
    {"RESOLVED_WITH_PAYOUT",   "lost"},
    {"ACCEPTED",               "lost"},
});

std::string dispute_status(const json::value& dispute) {
    const auto status = text_at(dispute, {"status"}).value_or("");
    if (status == "RESOLVED") {
        const auto outcome = text_at(dispute, {"dispute_outcome", "outcome_code"}).value_or("NONE");
        const auto* known = std::ranges::find(dispute_outcomes, outcome, &DisputeOutcome::outcome);
        return known == dispute_outcomes.end() ? "lost" : std::string(known->status);
    }
    const bool ours_to_answer =
        status == "OPEN" || status == "WAITING_FOR_SELLER_RESPONSE" || status == "REQUIRED_ACTION";
    return ours_to_answer ? "needs_response" : "under_review";
}

}  // namespace

Result<CheckoutSnapshot> read_order(const json::value& order, Instant at) {
    const auto id = ref_at(order, {"id"});
    if (!id) return unusable("order", order, "has no id");
    const auto state =
        order_state(text_at(order, {"status"}).value_or(""), deciding_capture(order));
    if (!state) return unusable("order", order, "has an unknown status");
    const json::value* unit = at_path(order, {"purchase_units", "0"});
    if (unit == nullptr) return unusable("order", order, "has no purchase_units");
    const auto total = money_at(*unit, {"amount"});
    if (!total) return total.error();

    CheckoutSnapshot checkout{.checkout = *id,
                              .customer = ref_at(*unit, {"custom_id"}),
                              .subscription = {},
                              .payment = *id,
                              .invoice = {},
                              .account = account_at(*unit, {"custom_id"}),
                              .mode = "payment",
                              .status = state->status,
                              .payment_status = state->payment_status,
                              .payment_failed = state->failed,
                              .approved = state->approved,
                              .total = *total,
                              .email = text_at(order, {"payer", "email_address"}),
                              .plan_key = {},
                              .intent_id = text_at(*unit, {"reference_id"}),
                              .expires_at = {},
                              .created_at = instant_at(order, {"create_time"}).value_or(at)};
    if (!checkout.email)
        checkout.email = text_at(order, {"payment_source", "paypal", "email_address"});
    if (checkout.intent_id == "default")
        checkout.intent_id.reset();  // PayPal's, where none is given
    return checkout;
}

Result<ChargeSnapshot> read_capture(const json::value& capture, std::optional<Ref> order,
                                    Instant at) {
    const auto id = ref_at(capture, {"id"});
    if (!id) return unusable("capture", capture, "has no id");
    const auto word = text_at(capture, {"status"}).value_or("");
    const auto status = capture_status(word);
    if (!status) return unusable("capture", capture, "has an unknown status");
    const auto amount = money_at(capture, {"amount"});
    if (!amount) return amount.error();
    if (!order) order = ref_at(capture, {"supplementary_data", "related_ids", "order_id"});
    if (!order) order = ref_in_link(link_at(capture, {"up"}), "orders");
    const bool refunded = word == "REFUNDED";
    return ChargeSnapshot{
        .charge = *id,
        .payment = order,
        .customer = ref_at(capture, {"custom_id"}),
        .invoice = {},
        .account = account_at(capture, {"custom_id"}),
        .status = *status,
        .amount = *amount,
        // Of a part PayPal's capture does not say how much: its refunds do.
        .amount_refunded = refunded ? *amount : Money::zero(amount->currency()),
        .refunded = refunded,
        .failure_code = *status == ChargeStatus::failed
                            ? text_at(capture, {"status_details", "reason"})
                            : std::nullopt,
        .failure_message = *status == ChargeStatus::failed
                               ? std::optional<std::string>("PayPal declined the payment.")
                               : std::nullopt,
        .receipt_url = {},
        .description = {},
        .created_at = instant_at(capture, {"create_time"}).value_or(at)};
}

Result<RefundSnapshot> read_refund(const json::value& refund, Instant at) {
    const auto id = ref_at(refund, {"id"});
    if (!id) return unusable("refund", refund, "has no id");
    const auto status = refund_status(text_at(refund, {"status"}).value_or(""));
    if (!status) return unusable("refund", refund, "has an unknown status");
    const auto amount = money_at(refund, {"amount"});
    if (!amount) return amount.error();
    auto charge = ref_in_link(link_at(refund, {"up"}), "captures");
    if (!charge) charge = ref_in_link(link_at(refund, {"up", "sale"}), "sale");
    return RefundSnapshot{.refund = *id,
                          .charge = charge,
                          .payment = {},
                          .amount = magnitude(*amount),
                          .status = *status,
                          .reason = {},
                          .failure_reason = text_at(refund, {"status_details", "reason"}),
                          .intent_id = text_at(refund, {"custom_id"}),
                          .created_at = instant_at(refund, {"create_time"}).value_or(at)};
}

Result<RefundSnapshot> read_sale_refund(const json::value& refund, Instant at) {
    const auto id = ref_at(refund, {"id"});
    if (!id) return unusable("sale refund", refund, "has no id");
    const auto sale = ref_at(refund, {"sale_id"});
    if (!sale) return unusable("sale refund", refund, "has no sale_id");
    const auto status = refund_status(text_at(refund, {"state"}).value_or(""));
    if (!status) return unusable("sale refund", refund, "has an unknown state");
    const auto amount = money_at(refund, {"amount"});
    if (!amount) return amount.error();
    return RefundSnapshot{.refund = *id,
                          .charge = sale,
                          .payment = {},
                          .amount = magnitude(*amount),
                          .status = *status,
                          .reason = {},
                          .failure_reason = {},
                          .intent_id = text_at(refund, {"custom"}),
                          .created_at = instant_at(refund, {"create_time"}).value_or(at)};
}

Result<DisputeSnapshot> read_dispute(const json::value& dispute, Instant at) {
    const auto id = ref_at(dispute, {"dispute_id"});
    if (!id) return unusable("dispute", dispute, "has no dispute_id");
    const auto amount = money_at(dispute, {"dispute_amount"});
    if (!amount) return amount.error();
    return DisputeSnapshot{
        .dispute = *id,
        .charge = ref_at(dispute, {"disputed_transactions", "0", "seller_transaction_id"}),
        .payment = {},
        .amount = *amount,
        .status = dispute_status(dispute),
        .reason = text_at(dispute, {"reason"}).value_or(""),
        .evidence_due_by = instant_at(dispute, {"seller_response_due_date"}),
        .created_at = instant_at(dispute, {"create_time"}).value_or(at)};
}

}  // namespace paydesk::provider::paypal
