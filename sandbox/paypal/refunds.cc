#include "sandbox/paypal/refunds.h"

#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/disputes.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/reading.h"
#include "sandbox/paypal/refusal.h"

namespace paydesk::sandbox::paypal {
namespace {

void check_status(const std::string& status) {
    if (status == "PENDING") refuse("PENDING_CAPTURE");
    if (status == "REFUNDED") refuse("CAPTURE_FULLY_REFUNDED");
    if (status != "COMPLETED" && status != "PARTIALLY_REFUNDED") refuse("REFUND_NOT_ALLOWED");
}

void check_invoice(const Account& account, const std::string& invoice) {
    if (invoice.empty()) return;
    for (const auto& id : account.store().ids(kind::refund)) {
        if (text(*account.find(kind::refund, id), "invoice_id") == invoice) {
            refuse("DUPLICATE_INVOICE_ID", "/invoice_id",
                   "Invoice ID was previously used to refund a capture.");
        }
    }
}

// The capture's status by what was refunded of it.
void mark_refunded(Account& account, const std::string& id) {
    Object& capture = account.edit(id);
    const bool all = refunded_of(account, capture) == stored_amount(capture, "amount");
    capture["status"] = all ? "REFUNDED" : "PARTIALLY_REFUNDED";
    capture["update_time"] = time_text(account.now());
}

}  // namespace

Amount refunded_of(const Account& account, const Object& capture) {
    Amount sum{0, stored_amount(capture, "amount").currency};
    for (const json::value& id : children(capture, "_refunds")) {
        const Object& refund = *account.find(kind::refund, id.as_string());
        const auto status = text(refund, "status");
        if (status == "FAILED" || status == "CANCELLED") continue;
        sum = plus(sum, stored_amount(refund, "amount"));
    }
    return sum;
}

Object add_refund(Account& account, const Object& capture, const Amount& amount,
                  const Object& given, bool waits) {
    const auto id = account.new_id("");
    const auto capture_id = text(capture, "id");
    json::array links;
    links.push_back(link(account.url("/v2/payments/refunds/" + id), "self", "GET"));
    links.push_back(link(account.url("/v2/payments/captures/" + capture_id), "up", "GET"));
    Object refund{
        {"id",                       id                                                       },
        {"status",                   "COMPLETED"                                              },
        {"amount",                   money(amount)                                            },
        {"seller_payable_breakdown",
         Object{{"gross_amount", money(amount)},
                {"paypal_fee", money({0, amount.currency})},
                {"net_amount", money(amount)},
                {"total_refunded_amount", money(plus(refunded_of(account, capture), amount))}}},
        {"create_time",              time_text(account.now())                                 },
        {"update_time",              time_text(account.now())                                 },
        {"links",                    std::move(links)                                         },
        {"_capture",                 capture_id                                               }
    };
    for (const char* name : {"invoice_id", "note_to_payer", "custom_id"}) {
        if (present(given, name)) refund[name] = given.at(name);
    }
    if (!refund.contains("custom_id") && present(capture, "custom_id")) {
        refund["custom_id"] = capture.at("custom_id");
    }
    if (waits) {
        refund["status"] = "PENDING";
        refund["status_details"] = Object{
            {"reason", "ECHECK"}
        };
        refund["_settles"] = account.now() + echeck_refund_seconds;
    }
    const Object& added = account.add(kind::refund, std::move(refund));
    account.edit(capture_id)["_refunds"].as_array().push_back(json::value(id));
    mark_refunded(account, capture_id);
    return shown(added);
}

Object refund_capture(Account& account, const std::string& id, const Object& given) {
    const Object capture = account.get(kind::capture, id);
    check_status(text(capture, "status"));
    const auto whole = stored_amount(capture, "amount");
    const auto left = minus(whole, refunded_of(account, capture));
    const auto asked = optional_amount_at(given, "amount", "/amount", Sign::positive);
    optional_text(given, "note_to_payer", "/note_to_payer", 255);
    optional_text(given, "custom_id", "/custom_id", 127);
    const auto invoice = optional_text(given, "invoice_id", "/invoice_id", 127);
    if (number(capture, "_created") + refundable_seconds < account.now()) {
        refuse("REFUND_TIME_LIMIT_EXCEEDED");
    }
    if (asked && asked->currency != whole.currency) {
        refuse("REFUND_CAPTURE_CURRENCY_MISMATCH", "/amount/currency_code");
    }
    if (asked && asked->minor > left.minor) refuse("REFUND_AMOUNT_EXCEEDED", "/amount/value");
    const auto amount = asked.value_or(left);
    if (amount != whole && is_disputed(account, id)) refuse("TRANSACTION_DISPUTED");
    if (children(capture, "_refunds").size() >= refunds_max) {
        refuse("MAX_NUMBER_OF_REFUNDS_EXCEEDED");
    }
    check_invoice(account, invoice);
    const bool waits = text(capture, "_funding") == funding::echeck;
    auto refund = add_refund(account, capture, amount, given, waits);
    if (text(refund, "status") == "COMPLETED") account.emit("PAYMENT.CAPTURE.REFUNDED", refund);
    return refund;
}

void complete_refund(Account& account, const std::string& id) {
    Object& refund = account.edit(id);
    refund["status"] = "COMPLETED";
    refund["update_time"] = time_text(account.now());
    refund.erase("status_details");
    refund.erase("_settles");
    account.emit("PAYMENT.CAPTURE.REFUNDED", shown(refund));
}

}  // namespace paydesk::sandbox::paypal
