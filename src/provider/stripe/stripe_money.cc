// Refunds, the collection of an invoice, and what a payment was for.

#include "base/assert.h"
#include "provider/stripe/amount.h"
#include "provider/stripe/normalise.h"
#include "provider/stripe/reading.h"
#include "provider/stripe/stripe_provider.h"

namespace paydesk::provider::stripe {
namespace {

constexpr std::string_view refunds_path = "/v1/refunds";
constexpr int refunds_max = 100;  // of one payment; Stripe's largest page

// The payment that a refund is of. Stripe takes one of the two.
Form refund_of(const NewRefund& input) {
    PD_ASSERT(input.charge || input.payment);
    Form form;
    if (input.charge) return std::move(form.set("charge", input.charge->value));
    return std::move(form.set("payment_intent", input.payment->value));
}

// Stripe's codes for what our own books should have refused already.
Error refund_refusal(const StripeError& error) {
    Error refusal = to_refusal(error);
    if (error.code == "charge_already_refunded") {
        return {ErrorCode::refund_exceeds_payment,
                "The payment has been refunded already, perhaps in the provider's dashboard.",
                refusal.detail};
    }
    if (error.code == "charge_disputed") {
        return {ErrorCode::payment_not_refundable,
                "The payment is disputed: the bank decides about the money now.", refusal.detail};
    }
    if (error.http_status == 400 && error.param == "amount") {
        return {ErrorCode::refund_exceeds_payment,
                "The provider says that less than this is left of the payment.", refusal.detail};
    }
    return refusal;
}

}  // namespace

Task<Result<Change>> StripeProvider::create_refund(IntentId intent, NewRefund input) {
    const auto amount = to_stripe(input.amount);
    if (!amount) co_return amount.error();
    Form form = refund_of(input);
    form.set("amount", *amount)
        .set("reason", input.reason)
        .set("metadata[refund_id]", input.refund_id);
    const Instant asked = clock_.now();
    const Answer answer = co_await client_.post(std::string(refunds_path), form, intent);
    if (!answer) co_return refund_refusal(answer.error());
    co_return normalise_object(ObjectKind::refund, *answer, client_.remote_clock().there(asked));
}

Task<Result<std::optional<Change>>> StripeProvider::find_refund(NewRefund input) {
    const Instant asked = clock_.now();
    Form query = refund_of(input);
    query.set("limit", refunds_max);
    const Answer answer = co_await client_.get(std::string(refunds_path), query);
    if (!answer) co_return to_refusal(answer.error());
    for (const json::value& refund : list_at(*answer, {})) {
        if (text_at(refund, {"metadata", "refund_id"}) != input.refund_id) continue;
        auto change =
            normalise_object(ObjectKind::refund, refund, client_.remote_clock().there(asked));
        if (!change) co_return change.error();
        co_return std::optional(std::move(*change));
    }
    co_return std::optional<Change>{};
}

Task<Result<Change>> StripeProvider::pay_invoice(IntentId intent, Ref invoice, Ref payment_method) {
    const Instant asked = clock_.now();
    const std::string path = path_of("/v1/invoices", invoice) + "/pay";
    Form form;
    form.set("payment_method", payment_method.value).set("off_session", true);
    const Answer answer = co_await client_.post(path, form, intent);
    if (!answer) co_return to_refusal(answer.error());
    co_return normalise_object(ObjectKind::invoice, *answer, client_.remote_clock().there(asked));
}

Task<Result<PaymentOrigin>> StripeProvider::origin_of_payment(Ref payment) {
    Form by_payment;
    by_payment.set("payment[type]", "payment_intent")
        .set("payment[payment_intent]", payment.value)
        .set("limit", 1);
    const Answer invoices = co_await client_.get("/v1/invoice_payments", by_payment);
    if (!invoices) co_return to_refusal(invoices.error());
    PaymentOrigin origin;
    if (!list_at(*invoices, {}).empty()) {
        origin.invoice = ref_at(list_at(*invoices, {}).front(), {"invoice"});
        co_return origin;
    }
    Form of_session;
    of_session.set("payment_intent", payment.value).set("limit", 1);
    const Answer sessions = co_await client_.get("/v1/checkout/sessions", of_session);
    if (!sessions) co_return to_refusal(sessions.error());
    if (!list_at(*sessions, {}).empty()) {
        origin.checkout = ref_at(list_at(*sessions, {}).front(), {"id"});
    }
    co_return origin;
}

}  // namespace paydesk::provider::stripe
