// Refunds: /v1/refunds, full and partial.

#include "sandbox/stripe/refunding.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/shapes.h"

namespace paydesk::sandbox::stripe {
namespace {

std::string charge_for(const Call& call) {
    if (present(call.params, "charge")) return text(call.params, "charge");
    if (!present(call.params, "payment_intent")) {
        refuse("parameter_missing",
               "One of the following params should be provided for this "
               "request: payment_intent or charge.");
    }
    const Object& intent =
        call.account.get("payment_intent", text(call.params, "payment_intent"), "payment_intent");
    if (text(intent, "status") != "succeeded") {
        refuse("", "This PaymentIntent (" + text(intent, "id") +
                       ") does not have a successful charge to refund.");
    }
    return text(intent, "latest_charge");
}

json::value create(Call& call) {
    Account& account = call.account;
    const auto charge_id = charge_for(call);
    const Object charge = account.get("charge", charge_id, "charge");
    const auto left = number(charge, "amount_captured") - number(charge, "amount_refunded");
    if (text(charge, "status") != "succeeded") {
        refuse("", "Charge " + charge_id + " has not succeeded, so it can't be refunded.");
    }
    if (!flag(charge, "captured")) {
        refuse("", "Charge " + charge_id +
                       " is not captured, so there is nothing to refund: cancel its "
                       "PaymentIntent to let go of what is held.");
    }
    const auto* dispute = account.find("dispute", text(charge, "_dispute"));
    if (dispute && !flag(*dispute, "is_charge_refundable")) {
        refuse("charge_disputed", "Charge " + charge_id +
                                      " has been charged back; cannot issue a "
                                      "refund.");
    }
    if (left == 0) {
        refuse("charge_already_refunded", "Charge " + charge_id + " has already been refunded.");
    }
    const auto amount = number(call.params, "amount", left);
    if (amount < 1) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               "amount");
    }
    if (amount > left) {
        refuse("",
               "Refund amount (" + std::to_string(amount) +
                   ") is greater than unrefunded amount on charge (" + std::to_string(left) + ")",
               "amount");
    }
    Object transaction = blank("balance_transaction");
    transaction["id"] = account.new_id("txn_3");
    transaction["amount"] = -amount;
    transaction["available_on"] = account.now();
    transaction["currency"] = charge.at("currency");
    transaction["description"] = "REFUND FOR CHARGE";
    transaction["net"] = -amount;
    transaction["reporting_category"] = "refund";
    transaction["type"] = "refund";
    Object refund = blank("refund");
    refund["id"] = account.new_id(charge_id.starts_with("py_") ? "pyr_1" : "re_3");
    transaction["source"] = refund.at("id");
    refund["amount"] = amount;
    refund["balance_transaction"] = transaction.at("id");
    refund["charge"] = charge_id;
    for (const auto* key : {"currency", "customer", "payment_intent", "payment_method"}) {
        refund[key] = value_of(charge, key);
    }
    refund["reason"] = value_of(call.params, "reason");
    merge_metadata(call.params, refund);
    account.add(std::move(transaction));
    const auto id = text(account.add(std::move(refund)), "id");
    schedule_refund(account, id);
    const Object added = account.get("refund", id);

    account.emit("refund.created", added);
    const Object& refunded = account.change(charge_id, "", [&](Object& changed) {
        const auto total = number(changed, "amount_refunded") + amount;
        changed["amount_refunded"] = total;
        changed["refunded"] = total == number(changed, "amount_captured");
    });
    account.emit("charge.refunded", refunded);
    return added;
}

}  // namespace

json::value create_refund(Call& call) { return create(call); }

void add_refund_routes(Routes& routes) {
    routes.on("POST /v1/refunds",
              "amount:i charge:id payment_intent:id metadata:m "
              "reason:(duplicate|fraudulent|requested_by_customer) currency instructions_email:no "
              "refund_application_fee:no reverse_transfer:no customer:no origin:no",
              create);
    routes.list("/v1/refunds", "charge:id payment_intent:id created:any", [](Call& call) {
        return list_page(call, "refund", "/v1/refunds", [&](const Object& refund) {
            return matches(call, refund, "charge") && matches(call, refund, "payment_intent");
        });
    });
    routes.on("GET /v1/refunds/{id}", "",
              [](Call& call) -> json::value { return call.target("refund"); });
    routes.on("POST /v1/refunds/{id}", "metadata:m", [](Call& call) -> json::value {
        const Object before = call.target("refund");
        const Object& after =
            call.account.change(text(before, "id"), "refund.updated",
                                [&](Object& refund) { merge_metadata(call.params, refund); });
        call.account.emit("charge.refund.updated", after, &before);
        return after;
    });
    // Those alone that wait for the customer's bank details; none of a card or debit does.
    routes.on("POST /v1/refunds/{id}/cancel", "", [](Call& call) -> json::value {
        const Object& refund = call.target("refund");
        refuse("", "This refund can't be canceled because it has a status of `" +
                       text(refund, "status") +
                       "`. Only a refund with the status `requires_action` can be.");
    });
    routes.list("/v1/charges/{id}/refunds", "", [](Call& call) {
        const auto id = text(call.target("charge"), "id");
        return list_page(call, "refund", "/v1/charges/" + id + "/refunds",
                         [&](const Object& refund) { return text(refund, "charge") == id; });
    });
}

}  // namespace paydesk::sandbox::stripe
