#include "sandbox/stripe/charging.h"

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {
namespace {

Object card_details(const Object& charge, const Object& method) {
    Object shown = child(child(charge, "payment_method_details"), "card");
    const Object& card = child(method, "card");
    for (const auto* key : {"brand", "checks", "country", "exp_month", "exp_year", "fingerprint",
                            "funding", "last4"}) {
        shown[key] = value_of(card, key);
    }
    shown["network"] = value_of(card, "brand");
    shown["amount_authorized"] = value_of(charge, "amount");
    shown["overcapture"].as_object()["maximum_amount_capturable"] = value_of(charge, "amount");
    return shown;
}

Object debit_details(const std::string& type, const Object& method) {
    const Object& account = child(method, type);
    Object shown;
    for (const auto* key :
         {"account_holder_type", "account_type", "bank_code", "bank_name", "branch_code", "country",
          "fingerprint", "last4", "routing_number", "sort_code"}) {
        if (account.contains(key)) shown[key] = account.at(key);
    }
    shown["mandate"] = value_of(method, "_mandate");
    if (type == "us_bank_account") shown["payment_reference"] = nullptr;
    return shown;
}

json::value challenge(const Account& account) {
    return Object{
        {"authentication_flow", "challenge"},
        {"electronic_commerce_indicator", "05"},
        {"exemption_indicator", nullptr},
        {"result", "authenticated"},
        {"result_reason", nullptr},
        {"transaction_id", account.new_id("", 24)},
        {"version", "2.2.0"}
    };
}

// 2.9 % + 30, as on Stripe's price list: whole minor units, half up.
std::int64_t fee_of(std::int64_t amount) { return (amount * 29 + 500) / 1000 + 30; }

// The bank says yes: the charge is stored, captured or not. Emits charge.succeeded.
std::string accept_charge(Account& account, const Object& intent, const Object& method,
                          bool authenticated, bool captured) {
    Object charge = new_charge(account, intent, method);
    Object& card = charge["payment_method_details"].as_object()["card"].as_object();
    auto& outcome = charge["outcome"].as_object();
    outcome["risk_level"] = card_of(method).risk;
    if (card_of(method).risk != "normal") outcome["risk_score"] = 80;
    if (authenticated) card["three_d_secure"] = challenge(account);
    charge["captured"] = captured;
    if (captured) {
        charge["amount_captured"] = charge.at("amount");
        charge["balance_transaction"] = add_charge_transaction(account, charge);
    } else {
        card["capture_before"] = account.now() + authorization_seconds;
    }
    const Object& added = account.add(std::move(charge));
    account.emit("charge.succeeded", added);
    const auto id = text(added, "id");
    if (text(intent, "setup_future_usage") == "off_session" || authenticated) {
        account.change(text(method, "id"), "", [](Object& saved) { saved["_set_up"] = true; });
    }
    if (!card_of(method).dispute.empty()) add_timer(account, account.now(), "open_dispute", id);
    return id;
}

// What a declined charge says of its decline.
Object outcome_of(const Refusal& why) {
    const bool blocked =
        why.decline_code == "fraudulent" || why.code == "payment_method_bank_account_blocked";
    const auto reason = why.decline_code.empty() ? why.code : why.decline_code;
    if (blocked) {
        return {
            {"advice_code",          nullptr                                    },
            {"network_advice_code",  nullptr                                    },
            {"network_decline_code", nullptr                                    },
            {"network_status",       "not_sent_to_network"                      },
            {"reason",               "highest_risk_level"                       },
            {"risk_level",           "highest"                                  },
            {"risk_score",           92                                         },
            {"seller_message",       "Stripe blocked this payment as too risky."},
            {"type",                 "blocked"                                  }
        };
    }
    return {
        {"advice_code",          "try_again_later"    },
        {"network_advice_code",  nullptr              },
        {"network_decline_code", nullptr              },
        {"network_status",       "declined_by_network"},
        {"reason",               reason               },
        {"risk_level",           "normal"             },
        {"risk_score",           40                   },
        {"seller_message",
         "The bank did not return any further details "
         "with this decline."                         },
        {"type",                 "issuer_declined"    }
    };
}

const Object& held_payment(const Account& account, const std::string& id) {
    const Object& intent = account.get("payment_intent", id);
    if (text(intent, "status") == "requires_capture") return intent;
    throw Refusal{
        .code = "payment_intent_unexpected_state",
        .message = "This PaymentIntent could not be captured because it has a status of " +
                   text(intent, "status") +
                   ". Only a PaymentIntent with one of the following statuses may be captured: "
                   "requires_capture.",
        .more = Object{{"payment_intent", intent}}};
}

}  // namespace

Object error_object(const Refusal& refusal, const Object& method) {
    Object error = refusal.body("").at("error").as_object();
    error.erase("request_log_url");
    error["payment_method"] = method;
    return error;
}

Object new_charge(Account& account, const Object& intent, const Object& method) {
    const auto type = text(method, "type");
    Object charge = blank("charge");
    charge["id"] = account.new_id(is_debit(type) ? "py_3" : "ch_3");
    for (const auto* key : {"amount", "currency", "customer", "description", "metadata",
                            "receipt_email", "shipping", "transfer_group"}) {
        charge[key] = value_of(intent, key);
    }
    charge["payment_intent"] = intent.at("id");
    charge["payment_method"] = method.at("id");
    charge["billing_details"] = method.at("billing_details");
    if (intent.contains("_invoice")) charge["_invoice"] = intent.at("_invoice");
    Object details{
        {"type", type}
    };
    details[type] = is_debit(type) ? debit_details(type, method) : card_details(charge, method);
    charge["payment_method_details"] = std::move(details);
    if (is_debit(type)) {
        auto& outcome = charge["outcome"].as_object();
        outcome["risk_level"] = "not_assessed";
        outcome.erase("risk_score");
    }
    charge["receipt_url"] = account.base_url() + "/receipts/" + text(charge, "id");
    return charge;
}

void fail_intent(Account& account, const std::string& intent, const Object& method,
                 const Refusal& why, const json::value& charge) {
    Object error = error_object(why, method);
    if (charge.is_string()) error["charge"] = charge;
    const Object& failed = account.change(intent, "", [&](Object& changed) {
        if (charge.is_string()) changed["latest_charge"] = charge;
        changed["last_payment_error"] = std::move(error);
        changed["payment_method"] = nullptr;
        changed["next_action"] = nullptr;
        changed["status"] = "requires_payment_method";
    });
    account.emit("payment_intent.payment_failed", failed);
}

void decline_charge(Account& account, const Object& intent, const Object& method,
                    const Refusal& why) {
    Object charge = new_charge(account, intent, method);
    charge["captured"] = false;
    charge["paid"] = false;
    charge["status"] = "failed";
    charge["receipt_url"] = nullptr;
    charge["failure_code"] = why.code;
    charge["failure_message"] = why.message;
    charge["outcome"] = outcome_of(why);
    const Object added = account.add(std::move(charge));
    account.emit("charge.failed", added);
    fail_intent(account, text(intent, "id"), method, why, added.at("id"));
}

std::string add_charge_transaction(Account& account, const Object& charge) {
    Object transaction = blank("balance_transaction");
    const auto amount = number(charge, "amount_captured");
    const auto fee = fee_of(amount);
    transaction["id"] = account.new_id("txn_3");
    transaction["amount"] = amount;
    transaction["available_on"] = account.now() + 2 * 86400;
    transaction["currency"] = charge.at("currency");
    transaction["description"] = charge.at("description");
    transaction["fee"] = fee;
    transaction["fee_details"] = json::array{
        Object{{"amount", fee},
               {"application", nullptr},
               {"currency", charge.at("currency")},
               {"description", "Stripe processing fees"},
               {"type", "stripe_fee"}}
    };
    transaction["net"] = amount - fee;
    transaction["source"] = charge.at("id");
    return text(account.add(std::move(transaction)), "id");
}

void take_charge(Account& account, const Object& intent, const Object& method, bool authenticated) {
    const auto charge = accept_charge(account, intent, method, authenticated, true);
    const Object& paid = account.change(text(intent, "id"), "", [&](Object& changed) {
        changed["latest_charge"] = charge;
        changed["last_payment_error"] = nullptr;
        changed["payment_method"] = method.at("id");
        changed["next_action"] = nullptr;
        changed["amount_received"] = changed.at("amount");
        changed["status"] = "succeeded";
    });
    account.emit("payment_intent.succeeded", paid);
}

void hold_charge(Account& account, const Object& intent, const Object& method, bool authenticated) {
    const auto id = text(intent, "id");
    const auto charge = accept_charge(account, intent, method, authenticated, false);
    const Object& held = account.change(id, "", [&](Object& changed) {
        changed["latest_charge"] = charge;
        changed["last_payment_error"] = nullptr;
        changed["payment_method"] = method.at("id");
        changed["next_action"] = nullptr;
        changed["amount_capturable"] = changed.at("amount");
        changed["status"] = "requires_capture";
    });
    account.emit("payment_intent.amount_capturable_updated", held);
    add_timer(account, account.now() + authorization_seconds, "expire_authorization", id);
}

void capture_payment(Account& account, const std::string& id, std::int64_t amount) {
    const Object intent = held_payment(account, id);
    const auto held = number(intent, "amount_capturable");
    if (amount < 1) {
        refuse("parameter_invalid_integer", "This value must be greater than or equal to 1.",
               "amount_to_capture");
    }
    if (amount > held) {
        refuse("amount_too_large",
               "The amount_to_capture (" + std::to_string(amount) +
                   ") must not be greater than the amount that can be captured (" +
                   std::to_string(held) + ").",
               "amount_to_capture");
    }
    drop_timers(account, "expire_authorization", id);
    const auto charge_id = text(intent, "latest_charge");
    account.change(charge_id, "", [&](Object& charge) {
        charge["captured"] = true;
        charge["amount_captured"] = amount;
        charge["payment_method_details"].as_object()["card"].as_object().erase("capture_before");
    });
    const auto transaction = add_charge_transaction(account, account.get("charge", charge_id));
    const Object& captured = account.change(
        charge_id, "", [&](Object& charge) { charge["balance_transaction"] = transaction; });
    account.emit("charge.captured", captured);
    const Object& paid = account.change(id, "", [&](Object& changed) {
        changed["amount_capturable"] = 0;
        changed["amount_received"] = amount;
        changed["status"] = "succeeded";
    });
    account.emit("payment_intent.succeeded", paid);
}

void release_payment(Account& account, const std::string& id, const json::value& reason) {
    const Object intent = held_payment(account, id);
    drop_timers(account, "expire_authorization", id);
    const Object& released = account.change(text(intent, "latest_charge"), "", [](Object& charge) {
        charge["amount_refunded"] = charge.at("amount");
        charge["refunded"] = true;
    });
    account.emit(reason == "automatic" ? "charge.expired" : "charge.refunded", released);
    const Object& canceled = account.change(id, "", [&](Object& changed) {
        changed["amount_capturable"] = 0;
        changed["status"] = "canceled";
        changed["canceled_at"] = account.now();
        changed["cancellation_reason"] = reason;
    });
    account.emit("payment_intent.canceled", canceled);
}

void expire_authorization(Account& account, const std::string& id) {
    if (text(account.get("payment_intent", id), "status") != "requires_capture") return;
    release_payment(account, id, "automatic");
}

}  // namespace paydesk::sandbox::stripe
