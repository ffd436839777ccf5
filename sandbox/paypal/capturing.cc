// An order is captured: POST /v2/checkout/orders/{id}/capture.

#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/orders.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

// Throws, and keeps the count of attempts.
[[noreturn]] void decline(Account& account, const std::string& id) {
    Object& order = account.edit(id);
    const auto attempts = number(order, "_attempts") + 1;
    order["_attempts"] = attempts;
    Refusal refusal =
        *known_issue(attempts > capture_attempts_max ? "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED"
                                                     : "INSTRUMENT_DECLINED");
    refusal.keep_changes = true;
    refusal.links.push_back(link(approval_url(account, id), "redirect", "GET"));
    throw refusal;
}

void check_invoices(const Account& account, const Object& order) {
    for (const json::value& unit : children(order, "purchase_units")) {
        const auto invoice = text(unit.get_object(), "invoice_id");
        if (invoice.empty()) continue;
        for (const auto& id : account.store().ids(kind::capture)) {
            const Object& capture = *account.find(kind::capture, id);
            if (text(capture, "invoice_id") == invoice && text(capture, "status") != "DECLINED") {
                refuse("DUPLICATE_INVOICE_ID");
            }
        }
    }
}

Object capture_of(Account& account, const Object& order, const Object& unit,
                  std::string_view status) {
    Object capture{
        {"id", account.new_id("")},
        {"status", status},
        {"amount", money(stored_amount(unit, "amount"))},
        {"final_capture", true},
        {"seller_protection",
         Object{
             {"status", "ELIGIBLE"},
             {"dispute_categories", json::array{"ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"}}}},
        {"create_time", time_text(account.now())},
        {"update_time", time_text(account.now())},
        {"_created", account.now()},
        {"_order", order.at("id")},
        {"_funding", order.at("_funding")},
        {"_refunds", json::array()}
    };
    if (status == "PENDING") {
        capture["status_details"] = Object{
            {"reason", "ECHECK"}
        };
        capture["_settles"] = account.now() + echeck_seconds;
    }
    if (status == "COMPLETED") {
        capture["seller_receivable_breakdown"] = receivable(stored_amount(unit, "amount"));
    }
    for (const char* name : {"invoice_id", "custom_id"}) {
        if (present(unit, name)) capture[name] = unit.at(name);
    }
    return capture;
}

}  // namespace

Answer capture_order(Call& call) {
    Account& account = call.account;
    const Object order = account.get(kind::order, call.id());
    if (is_lapsed(account, order)) refuse_missing();
    const auto id = text(order, "id");
    const auto status = text(order, "status");
    if (status == "COMPLETED") refuse("ORDER_ALREADY_CAPTURED");
    if (status == "VOIDED") refuse("ORDER_EXPIRED");
    if (status != "APPROVED") refuse("ORDER_NOT_APPROVED");
    check_invoices(account, order);
    const auto funding = text(order, "_funding");
    if (funding == funding::declined || number(order, "_attempts") > capture_attempts_max) {
        decline(account, id);
    }
    const bool pending = funding == funding::echeck || funding == funding::bounced_echeck;
    const std::string_view became = pending                       ? "PENDING"
                                    : funding == funding::refused ? "DECLINED"
                                                                  : "COMPLETED";
    json::array captures;
    for (const json::value& unit : children(order, "purchase_units")) {
        const Object& capture =
            account.add(kind::capture, capture_of(account, order, unit.get_object(), became));
        captures.push_back(capture.at("id"));
    }
    Object& completed = account.edit(id);
    completed["_captures"] = captures;
    completed["status"] = "COMPLETED";
    completed["update_time"] = time_text(account.now());
    for (const json::value& capture : captures) {
        account.emit(pending                ? "PAYMENT.CAPTURE.PENDING"
                     : became == "DECLINED" ? "PAYMENT.CAPTURE.DENIED"
                                            : "PAYMENT.CAPTURE.COMPLETED",
                     shown_capture(account, account.get(kind::capture, capture.as_string())));
    }
    auto all = shown_order(account, account.get(kind::order, id));
    account.emit("CHECKOUT.ORDER.COMPLETED", all);
    if (call.whole) return {201, std::move(all)};
    return {
        201,
        Object{{"id", all.at("id")}, {"status", all.at("status")}, {"links", all.at("links")}}
    };
}

}  // namespace paydesk::sandbox::paypal
