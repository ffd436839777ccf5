#include "sandbox/stripe/disputes.h"

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t dispute_fee = 1500;
constexpr std::string_view winning_text = "winning_evidence";

bool is_inquiry(const Object& dispute) { return text(dispute, "status").starts_with("warning_"); }

bool is_open(const Object& dispute) {
    const auto status = text(dispute, "status");
    return status == "needs_response" || status == "warning_needs_response" ||
           status == "under_review" || status == "warning_under_review";
}

// Money that leaves (or comes back) with a dispute.
Object move_funds(Account& account, const Object& dispute, std::int64_t amount, std::int64_t fee,
                  std::string_view what) {
    Object transaction = blank("balance_transaction");
    transaction["id"] = account.new_id("txn_1");
    transaction["amount"] = amount;
    transaction["available_on"] = account.now();
    transaction["currency"] = dispute.at("currency");
    transaction["description"] = what;
    transaction["fee"] = fee;
    if (fee > 0) {
        transaction["fee_details"] = json::array{
            Object{{"amount", fee},
                   {"application", nullptr},
                   {"currency", dispute.at("currency")},
                   {"description", "Dispute fee"},
                   {"type", "stripe_fee"}}
        };
    }
    transaction["net"] = amount - fee;
    transaction["reporting_category"] = amount < 0 ? "dispute" : "dispute_reversal";
    transaction["source"] = dispute.at("id");
    transaction["type"] = "adjustment";
    return account.add(std::move(transaction));
}

void close_dispute(Account& account, const std::string& id, std::string_view status) {
    drop_timers(account, "forfeit_dispute", id);
    drop_timers(account, "judge_dispute", id);
    const Object before = account.get("dispute", id);
    const Object closed = account.change(id, "", [&](Object& dispute) {
        dispute["status"] = status;
        dispute["is_charge_refundable"] = status == "warning_closed";
    });
    account.emit("charge.dispute.closed", closed);
    if (status != "won") return;
    const auto amount = number(closed, "amount");
    const Object back = move_funds(account, closed, amount, 0, "Chargeback reversal");
    const Object& won = account.change(id, "", [&](Object& dispute) {
        dispute["balance_transactions"].as_array().push_back(back);
    });
    account.emit("charge.dispute.funds_reinstated", won);
}

json::value update(Call& call) {
    Account& account = call.account;
    const Object& dispute = call.target("dispute");
    const auto id = text(dispute, "id");
    const bool answers = present(call.params, "evidence") || present(call.params, "submit");
    if (answers && !is_open(dispute)) {
        refuse("", "This dispute is already closed: its evidence can't be changed any more.");
    }
    const bool submits = answers && flag(call.params, "submit", true);
    const Object& changed = account.change(id, "charge.dispute.updated", [&](Object& updated) {
        merge_metadata(call.params, updated);
        auto& evidence = updated["evidence"].as_object();
        for (const auto& [key, value] : child(call.params, "evidence")) evidence[key] = value;
        auto& details = updated["evidence_details"].as_object();
        if (present(call.params, "evidence")) details["has_evidence"] = true;
        if (!submits) return;
        details["submission_count"] = number(details, "submission_count") + 1;
        details["submission_method"] = "manual";
        updated["status"] = is_inquiry(updated) ? "warning_under_review" : "under_review";
    });
    if (submits) add_timer(account, account.now(), "judge_dispute", id);
    return changed;
}

json::value close(Call& call) {
    const Object& dispute = call.target("dispute");
    const auto id = text(dispute, "id");
    if (!is_open(dispute)) refuse("", "This dispute is already closed.");
    close_dispute(call.account, id, "lost");
    return call.account.get("dispute", id);
}

}  // namespace

void open_dispute(Account& account, const std::string& charge_id) {
    const Object charge = account.get("charge", charge_id);
    const auto* method = account.find("payment_method", text(charge, "payment_method"));
    if (!method || flag(charge, "disputed")) return;
    // What a bank takes back for its customer can't be fought for: the dispute begins as lost.
    const bool debit = is_debit(text(*method, "type"));
    const std::string_view reason = debit ? "debit_not_authorized" : card_of(*method).dispute;
    const bool inquiry = reason == "inquiry";
    Object dispute = blank("dispute");
    dispute["id"] = account.new_id("du_1");
    dispute["amount"] = charge.at("amount");
    dispute["charge"] = charge_id;
    dispute["currency"] = charge.at("currency");
    dispute["payment_intent"] = charge.at("payment_intent");
    dispute["reason"] = inquiry ? "fraudulent" : reason;
    dispute["status"] = inquiry ? "warning_needs_response" : "needs_response";
    dispute["is_charge_refundable"] = inquiry;
    dispute["evidence_details"].as_object()["due_by"] = account.now() + dispute_due_seconds;
    if (debit) {
        dispute.erase("payment_method_details");
    } else {
        auto& shown = dispute["payment_method_details"].as_object()["card"].as_object();
        shown["brand"] = card_of(*method).brand;
        shown["network"] = card_of(*method).brand;
        shown["case_type"] = inquiry ? "inquiry" : "chargeback";
        shown["network_reason_code"] = reason == "product_not_received" ? "13.1" : "10.4";
    }
    const auto id = text(account.add(std::move(dispute)), "id");
    account.change(charge_id, "", [&](Object& changed) {
        changed["disputed"] = true;
        changed["_dispute"] = id;
    });
    if (!inquiry) {
        const Object& added = account.get("dispute", id);
        const Object gone = move_funds(account, added, -number(added, "amount"), dispute_fee,
                                       "Chargeback withdrawal for " + charge_id);
        account.change(id, "", [&](Object& changed) {
            changed["balance_transactions"].as_array().push_back(gone);
        });
    }
    account.emit("charge.dispute.created", account.get("dispute", id));
    if (!inquiry) account.emit("charge.dispute.funds_withdrawn", account.get("dispute", id));
    if (debit)
        close_dispute(account, id, "lost");
    else
        add_timer(account, account.now() + dispute_due_seconds, "forfeit_dispute", id);
}

void judge_dispute(Account& account, const std::string& id) {
    const Object dispute = account.get("dispute", id);
    if (!is_open(dispute)) return;
    const bool wins = text(child(dispute, "evidence"), "uncategorized_text") == winning_text;
    close_dispute(account, id, wins ? (is_inquiry(dispute) ? "warning_closed" : "won") : "lost");
}

void forfeit_dispute(Account& account, const std::string& id) {
    const Object dispute = account.get("dispute", id);
    if (!text(dispute, "status").ends_with("needs_response")) return;
    account.change(id, "",
                   [](Object& late) { late["evidence_details"].as_object()["past_due"] = true; });
    close_dispute(account, id, is_inquiry(dispute) ? "warning_closed" : "lost");
}

void add_dispute_routes(Routes& routes) {
    routes.list("/v1/disputes", "charge:id payment_intent:id created:any", [](Call& call) {
        return list_page(call, "dispute", "/v1/disputes", [&](const Object& dispute) {
            return matches(call, dispute, "charge") && matches(call, dispute, "payment_intent");
        });
    });
    routes.on("GET /v1/disputes/{id}", "",
              [](Call& call) -> json::value { return call.target("dispute"); });
    routes.on(
        "POST /v1/disputes/{id}",
        "metadata:m submit:b intended_submission_method:no evidence{access_activity_log "
        "billing_address "
        "cancellation_policy:no cancellation_policy_disclosure cancellation_rebuttal "
        "customer_communication:no customer_email_address customer_name customer_purchase_ip "
        "customer_signature:no duplicate_charge_documentation:no duplicate_charge_explanation "
        "duplicate_charge_id enhanced_evidence:no product_description receipt:no "
        "refund_policy:no refund_policy_disclosure refund_refusal_explanation service_date "
        "service_documentation:no shipping_address shipping_carrier shipping_date "
        "shipping_documentation:no shipping_tracking_number uncategorized_file:no "
        "uncategorized_text}",
        update);
    routes.on("POST /v1/disputes/{id}/close", "", close);
}

}  // namespace paydesk::sandbox::stripe
