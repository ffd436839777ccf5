// Payments: /v2/payments.

#include "sandbox/paypal/captures.h"

#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/refunds.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/sales.h"

namespace paydesk::sandbox::paypal {
namespace {

// Sale ids are taken too: a subscription's payment is one of the two.
Answer get_capture(Call& call) {
    if (const auto* sale = call.account.find(kind::sale, call.id())) {
        return {200, capture_of_sale(call.account, *sale)};
    }
    return {200, shown_capture(call.account, call.account.get(kind::capture, call.id()))};
}

Answer refund(Call& call) {
    const bool is_sale = call.account.find(kind::sale, call.id()) != nullptr;
    const auto refunded = is_sale ? refund_sale(call.account, call.id(), call.fields())
                                  : refund_capture(call.account, call.id(), call.fields());
    if (call.whole) return {201, refunded};
    return {
        201, Object{{"id", refunded.at("id")},
                    {"status", refunded.at("status")},
                    {"links", refunded.at("links")}}
    };
}

Answer get_refund(Call& call) {
    if (const auto* old = call.account.find(kind::sale_refund, call.id())) {
        return {200, refund_of_old(call.account, *old)};
    }
    return {200, shown(call.account.get(kind::refund, call.id()))};
}

}  // namespace

Object receivable(const Amount& amount) {
    const auto fee = fee_of(amount);
    return {
        {"gross_amount", money(amount)},
        {"paypal_fee", money(fee)},
        {"net_amount", money(minus(amount, fee))}
    };
}

Object capture_in_order(const Account& account, const Object& capture) {
    Object out = shown(capture);
    const auto self = account.url("/v2/payments/captures/" + text(capture, "id"));
    json::array links;
    links.push_back(link(self, "self", "GET"));
    links.push_back(link(self + "/refund", "refund", "POST"));
    links.push_back(
        link(account.url("/v2/checkout/orders/" + text(capture, "_order")), "up", "GET"));
    out["links"] = std::move(links);
    return out;
}

Object shown_capture(const Account& account, const Object& capture) {
    Object out = capture_in_order(account, capture);
    out["supplementary_data"] = Object{
        {"related_ids", Object{{"order_id", text(capture, "_order")}}}
    };
    out["payee"] = Object{
        {"email_address", merchant_email},
        {"merchant_id",   merchant_id   }
    };
    return out;
}

void settle_capture(Account& account, const std::string& id, bool completed) {
    Object& capture = account.edit(id);
    capture["status"] = completed ? "COMPLETED" : "DECLINED";
    capture["update_time"] = time_text(account.now());
    capture.erase("status_details");
    capture.erase("_settles");
    if (completed) {
        capture["seller_receivable_breakdown"] = receivable(stored_amount(capture, "amount"));
    }
    account.emit(completed ? "PAYMENT.CAPTURE.COMPLETED" : "PAYMENT.CAPTURE.DENIED",
                 shown_capture(account, capture));
}

void reverse_capture(Account& account, const std::string& id) {
    const Object capture = account.get(kind::capture, id);
    const auto left = minus(stored_amount(capture, "amount"), refunded_of(account, capture));
    account.emit("PAYMENT.CAPTURE.REVERSED", add_refund(account, capture, left, {}, false));
    account.edit(id)["status_details"] = Object{
        {"reason", "CHARGEBACK"}
    };
}

void add_payment_routes(Routes& routes) {
    routes.on("GET /v2/payments/captures/{id}", get_capture);
    routes.on("POST /v2/payments/captures/{id}/refund", refund, remembers_payments);
    routes.on("GET /v2/payments/refunds/{id}", get_refund);
}

}  // namespace paydesk::sandbox::paypal
