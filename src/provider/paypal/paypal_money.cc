// Refunds, what is owed, and what a payment was for.

#include "base/assert.h"
#include "provider/paypal/amount.h"
#include "provider/paypal/paypal_provider.h"
#include "provider/paypal/reading.h"

namespace paydesk::provider::paypal {
namespace {

constexpr std::string_view captures_path = "/v2/payments/captures";

const json::array& payments_of_order(const json::value& order, std::string_view what) {
    return array_at(order, {"purchase_units", "0", "payments", what});
}

}  // namespace

// A payment is its order's id, or the sale's, which is its charge as well.
Task<Result<Ref>> PayPalProvider::capture_of(NewRefund input) {
    PD_ASSERT(input.charge || input.payment);
    if (input.charge) co_return *input.charge;
    const auto order = co_await get_order(*input.payment);
    if (!order && order.error().code != ErrorCode::not_found) co_return order.error();
    if (!order) co_return *input.payment;
    for (const json::value& capture : payments_of_order(order->json, "captures")) {
        const auto charge = read_capture(capture, input.payment, order->at);
        if (charge && charge->status == ChargeStatus::succeeded) co_return charge->charge;
    }
    co_return Error{ErrorCode::payment_not_refundable,
                    "PayPal has not collected this payment: there is nothing to refund.",
                    input.payment->value};
}

Task<Result<Change>> PayPalProvider::create_refund(IntentId intent, NewRefund input) {
    const auto amount = paypal_money(input.amount);
    if (!amount) co_return amount.error();
    const auto capture = co_await capture_of(input);
    if (!capture) co_return capture.error();
    const json::value body{
        {"amount",    *amount        },
        {"custom_id", input.refund_id}
    };
    const Instant asked = clock_.now();
    const Answer answer = co_await client_.post(path_of(captures_path, *capture) + "/refund", body,
                                                std::move(intent));
    if (!answer) co_return to_refusal(answer.error());
    const Instant at = client_.remote_clock().there(asked);
    auto refund = read_refund(*answer, at);
    if (!refund) co_return unreadable(refund.error());
    refund->charge = *capture;
    refund->intent_id = input.refund_id;
    refund->reason = input.reason;
    const Ref id = refund->refund;
    co_return change_of(ObjectKind::refund, id, std::move(*refund), at);
}

Task<Result<std::optional<Change>>> PayPalProvider::find_refund(NewRefund input) {
    PD_ASSERT(input.charge || input.payment);
    std::optional<Ref> order_id = input.payment;
    if (!order_id) {
        const Answer capture = co_await client_.get(path_of(captures_path, *input.charge));
        if (!capture && capture.error().http_status != 404) co_return to_refusal(capture.error());
        if (capture) order_id = ref_at(*capture, {"supplementary_data", "related_ids", "order_id"});
    }
    if (!order_id || order_id == input.charge) co_return std::optional<Change>{};  // a sale's
    const auto order = co_await get_order(*order_id);
    if (!order && order.error().code != ErrorCode::not_found) co_return order.error();
    if (!order) co_return std::optional<Change>{};
    for (const json::value& each : payments_of_order(order->json, "refunds")) {
        auto refund = read_refund(each, order->at);
        if (!refund) co_return unreadable(refund.error());
        if (refund->intent_id != input.refund_id) continue;
        const Ref id = refund->refund;
        co_return std::optional(change_of(ObjectKind::refund, id, std::move(*refund), order->at));
    }
    co_return std::optional<Change>{};
}

Task<Result<Change>> PayPalProvider::pay_invoice(IntentId intent, Ref invoice, Ref) {
    const Ref subscription{invoice.value.substr(0, invoice.value.find('/'))};
    const auto asked = co_await ask(subscription);
    if (!asked) co_return asked.error();
    const Subscription& now = asked->subscription;
    if (!now.outstanding && owes(now)) {
        co_return Error{ErrorCode::payment_declined,
                        now.next_retry
                            ? "PayPal could not collect this payment and tries again on " +
                                  date_text(*now.next_retry) + "."
                            : "PayPal could not collect this payment and tries again.",
                        invoice.value};
    }
    if (now.outstanding) {
        const auto amount = paypal_money(*now.outstanding);
        if (!amount) co_return amount.error();
        const json::value body{
            {"note",         "Outstanding balance"},
            {"capture_type", "OUTSTANDING_BALANCE"},
            {"amount",       *amount              }
        };
        const Answer answer =
            co_await client_.post(path_of("/v1/billing/subscriptions", subscription) + "/capture",
                                  body, std::move(intent));
        if (!answer && answer.error().issue != "ZERO_OUTSTANDING_BALANCE")
            co_return to_refusal(answer.error());
    }
    co_return co_await fetch_invoice(invoice);
}

Task<Result<PaymentOrigin>> PayPalProvider::origin_of_payment(Ref payment) {
    const auto order = co_await get_order(payment);
    if (!order && order.error().code != ErrorCode::not_found) co_return order.error();
    PaymentOrigin origin;
    if (order) origin.checkout = payment;
    co_return origin;
}

}  // namespace paydesk::provider::paypal
