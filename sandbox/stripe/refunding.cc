#include "sandbox/stripe/refunding.h"

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {

void schedule_refund(Account& account, const std::string& id) {
    const auto method_id = text(account.get("refund", id), "payment_method");
    const auto* method = account.find("payment_method", method_id);
    if (!method) return;
    const auto type = text(*method, "type");
    const bool debit = is_debit(type);
    const auto fate = debit ? "pending" : card_of(*method).refund;
    if (fate == "pending") {
        account.change(id, "", [&](Object& refund) {
            refund["status"] = "pending";
            refund["pending_reason"] = "processing";
            if (debit) refund.erase("destination_details");
        });
        const auto takes = debit ? debit_seconds(type) : refund_arrives_seconds;
        add_timer(account, account.now() + takes, "finish_refund", id);
    } else if (fate == "fails") {
        add_timer(account, account.now() + refund_fails_seconds, "fail_refund", id);
    }
}

void finish_refund(Account& account, const std::string& id) {
    const Object before = account.get("refund", id);
    if (text(before, "status") != "pending") return;
    const Object& done = account.change(id, "refund.updated", [](Object& refund) {
        refund["status"] = "succeeded";
        refund.erase("pending_reason");
    });
    account.emit("charge.refund.updated", done, &before);
}

void fail_refund(Account& account, const std::string& id) {
    const Object before = account.get("refund", id);
    const auto amount = number(before, "amount");
    Object transaction = blank("balance_transaction");
    transaction["id"] = account.new_id("txn_1");
    transaction["amount"] = amount;
    transaction["available_on"] = account.now();
    transaction["currency"] = before.at("currency");
    transaction["description"] = "REFUND FAILURE";
    transaction["net"] = amount;
    transaction["reporting_category"] = "refund_failure";
    transaction["source"] = id;
    transaction["type"] = "refund_failure";
    const auto back = text(account.add(std::move(transaction)), "id");
    const Object failed = account.change(id, "", [&](Object& refund) {
        refund["status"] = "failed";
        refund["failure_reason"] = "expired_or_canceled_card";
        refund["failure_balance_transaction"] = back;
    });
    account.change(text(before, "charge"), "", [&](Object& charge) {
        charge["amount_refunded"] = number(charge, "amount_refunded") - amount;
        charge["refunded"] = false;
    });
    account.emit("refund.failed", failed);
    account.emit("refund.updated", failed, &before);
    account.emit("charge.refund.updated", failed, &before);
}

}  // namespace paydesk::sandbox::stripe
