#include "sandbox/stripe/payments.h"

#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/shapes.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {
namespace {

bool asks(const TestCard& card, const Object& method, const Confirmation& how) {
    if (how.authenticated) return false;
    const bool set_up = flag(method, "_set_up");
    switch (card.authentication) {
        case Authentication::never:
            return false;
        case Authentication::unless_set_up:
            return !set_up;
        case Authentication::unless_set_up_before:
            return !how.off_session;
        case Authentication::on_session:
            return !how.off_session || !set_up;
        case Authentication::always:
            return true;
    }
    return false;
}

Object error_object(const Refusal& refusal, const Object& method) {
    Object error = refusal.body("").at("error").as_object();
    error.erase("request_log_url");
    error["payment_method"] = method;
    return error;
}

Refusal authentication_failure(bool setup) {
    return {.status = 402,
            .type = "invalid_request_error",
            .code = setup ? "setup_intent_authentication_failure"
                          : "payment_intent_authentication_failure",
            .message =
                "We are unable to authenticate your payment method. Please choose a "
                "different payment method and try again."};
}

Object next_action(const Account& account, std::string_view intent, const std::string& return_url) {
    // What Stripe.js would need is not part of the API; three_d_secure_url() works in any case.
    if (return_url.empty())
        return {
            {"type",           "use_stripe_sdk"},
            {"use_stripe_sdk", Object()        }
        };
    return {
        {"type",            "redirect_to_url"                                            },
        {"redirect_to_url",
         Object{{"return_url", return_url}, {"url", three_d_secure_url(account, intent)}}}
    };
}

Object new_charge(Account& account, const Object& intent, const Object& method,
                  bool authenticated) {
    Object charge = blank("charge");
    charge["id"] = account.new_id("ch_3");
    for (const auto* key : {"amount", "currency", "customer", "description", "metadata",
                            "receipt_email", "shipping", "transfer_group"}) {
        charge[key] = value_of(intent, key);
    }
    charge["payment_intent"] = intent.at("id");
    charge["payment_method"] = method.at("id");
    charge["billing_details"] = method.at("billing_details");
    if (intent.contains("_invoice")) charge["_invoice"] = intent.at("_invoice");
    const Object& card = child(method, "card");
    Object& shown = charge["payment_method_details"].as_object()["card"].as_object();
    for (const auto* key :
         {"brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4"}) {
        shown[key] = value_of(card, key);
    }
    shown["network"] = value_of(card, "brand");
    shown["amount_authorized"] = value_of(intent, "amount");
    shown["overcapture"].as_object()["maximum_amount_capturable"] = value_of(intent, "amount");
    if (authenticated) {
        shown["three_d_secure"] = Object{
            {"authentication_flow", "challenge"},
            {"electronic_commerce_indicator", "05"},
            {"exemption_indicator", nullptr},
            {"result", "authenticated"},
            {"result_reason", nullptr},
            {"transaction_id", account.new_id("", 24)},
            {"version", "2.2.0"}
        };
    }
    charge["receipt_url"] = account.base_url() + "/receipts/" + text(charge, "id");
    return charge;
}

void decline_charge(Account& account, const Object& intent, const Object& method,
                    const Refusal& why) {
    Object charge = new_charge(account, intent, method, false);
    const auto reason = why.decline_code.empty() ? why.code : why.decline_code;
    charge["captured"] = false;
    charge["paid"] = false;
    charge["status"] = "failed";
    charge["receipt_url"] = nullptr;
    charge["failure_code"] = why.code;
    charge["failure_message"] = why.message;
    charge["outcome"] = Object{
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
    const Object& added = account.add(std::move(charge));
    account.emit("charge.failed", added);

    Object error = error_object(why, method);
    error["charge"] = added.at("id");
    const Object& failed = account.change(text(intent, "id"), "", [&](Object& changed) {
        changed["latest_charge"] = added.at("id");
        changed["last_payment_error"] = std::move(error);
        changed["payment_method"] = nullptr;
        changed["next_action"] = nullptr;
        changed["status"] = "requires_payment_method";
    });
    account.emit("payment_intent.payment_failed", failed);
}

// 2.9 % + 30, as on Stripe's price list: whole minor units, half up.
std::int64_t fee_of(std::int64_t amount) { return (amount * 29 + 500) / 1000 + 30; }

std::string add_balance_transaction(Account& account, const Object& charge) {
    Object transaction = blank("balance_transaction");
    const auto amount = number(charge, "amount");
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
    Object charge = new_charge(account, intent, method, authenticated);
    const auto amount = number(charge, "amount");
    charge["amount_captured"] = amount;
    charge["balance_transaction"] = add_balance_transaction(account, charge);
    const Object& added = account.add(std::move(charge));
    account.emit("charge.succeeded", added);

    if (text(intent, "setup_future_usage") == "off_session" || authenticated) {
        account.change(text(method, "id"), "", [](Object& saved) { saved["_set_up"] = true; });
    }
    const Object& paid = account.change(text(intent, "id"), "", [&](Object& changed) {
        changed["latest_charge"] = added.at("id");
        changed["last_payment_error"] = nullptr;
        changed["payment_method"] = method.at("id");
        changed["next_action"] = nullptr;
        changed["amount_received"] = amount;
        changed["status"] = "succeeded";
    });
    account.emit("payment_intent.succeeded", paid);
    if (!card_of(method).dispute.empty()) {
        add_timer(account, account.now(), "open_dispute", text(added, "id"));
    }
}

Outcome ask(Account& account, const std::string& intent, const Object& method,
            const Confirmation& how, std::string_view event) {
    const Object& asking = account.change(intent, "", [&](Object& changed) {
        changed["payment_method"] = method.at("id");
        changed["next_action"] = next_action(account, intent, how.return_url);
        changed["status"] = "requires_action";
        if (!how.return_url.empty()) changed["_return_url"] = how.return_url;
    });
    account.emit(event, asking);
    return Outcome::requires_action;
}

}  // namespace

std::string client_secret(const Account& account, std::string_view id) {
    return std::string(id) + "_secret_" + account.new_id("", 25);
}

std::string three_d_secure_url(const Account& account, std::string_view intent) {
    return account.base_url() + "/3ds/" + std::string(intent);
}

const Object& add_payment_intent(Account& account, std::int64_t amount, std::string_view currency,
                                 Object fields) {
    Object intent = blank("payment_intent");
    intent["id"] = account.new_id("pi_3");
    intent["client_secret"] = client_secret(account, text(intent, "id"));
    intent["amount"] = amount;
    intent["currency"] = currency;
    for (auto& [key, value] : fields) intent[key] = value;
    const Object& added = account.add(std::move(intent));
    account.emit("payment_intent.created", added);
    return added;
}

const Object& add_setup_intent(Account& account, Object fields) {
    Object intent = blank("setup_intent");
    intent["id"] = account.new_id("seti_1");
    intent["client_secret"] = client_secret(account, text(intent, "id"));
    for (auto& [key, value] : fields) intent[key] = value;
    const Object& added = account.add(std::move(intent));
    account.emit("setup_intent.created", added);
    return added;
}

Outcome confirm_payment(Account& account, const std::string& intent, const Confirmation& how) {
    const Object before = account.get("payment_intent", intent);
    const Object method = account.get("payment_method", how.payment_method, "payment_method");
    const TestCard& card = card_of(method);
    if (asks(card, method, how)) {
        if (!how.off_session) {
            return ask(account, intent, method, how, "payment_intent.requires_action");
        }
        Refusal refusal = card_error("authentication_required", "authentication_required",
                                     "Your card was declined. This transaction requires "
                                     "authentication.");
        decline_charge(account, before, method, refusal);
        return Outcome::declined;
    }
    if (!card.code.empty()) {
        decline_charge(account, before, method, decline_of(card));
        return Outcome::declined;
    }
    take_charge(account, before, method, how.authenticated);
    return Outcome::succeeded;
}

Outcome confirm_setup(Account& account, const std::string& intent, const Confirmation& how) {
    const Object method = account.get("payment_method", how.payment_method, "payment_method");
    const TestCard& card = card_of(method);
    if (asks(card, method, how)) {
        return ask(account, intent, method, how, "setup_intent.requires_action");
    }
    if (!card.attaches) {
        const Object& failed = account.change(intent, "", [&](Object& changed) {
            changed["last_setup_error"] = error_object(decline_of(card), method);
            changed["next_action"] = nullptr;
            changed["payment_method"] = nullptr;
            changed["status"] = "requires_payment_method";
        });
        account.emit("setup_intent.setup_failed", failed);
        return Outcome::declined;
    }
    account.change(how.payment_method, "", [](Object& saved) { saved["_set_up"] = true; });
    const Object& done = account.change(intent, "", [&](Object& changed) {
        changed["last_setup_error"] = nullptr;
        changed["next_action"] = nullptr;
        changed["payment_method"] = method.at("id");
        changed["status"] = "succeeded";
    });
    account.emit("setup_intent.succeeded", done);
    return Outcome::succeeded;
}

void fail_authentication(Account& account, const std::string& intent) {
    const bool setup = account.find("setup_intent", intent) != nullptr;
    const Object before = *account.store().find(intent);
    const Object method = account.get("payment_method", text(before, "payment_method"));
    const Object& failed = account.change(intent, "", [&](Object& changed) {
        changed[setup ? "last_setup_error" : "last_payment_error"] =
            error_object(authentication_failure(setup), method);
        changed["next_action"] = nullptr;
        changed["payment_method"] = nullptr;
        changed["status"] = "requires_payment_method";
    });
    account.emit(setup ? "setup_intent.setup_failed" : "payment_intent.payment_failed", failed);
}

Refusal refusal_of(const Object& intent) {
    const bool setup = text(intent, "object") == "setup_intent";
    const Object& error = child(intent, setup ? "last_setup_error" : "last_payment_error");
    Refusal refusal{.status = 402,
                    .type = text(error, "type"),
                    .code = text(error, "code"),
                    .message = text(error, "message"),
                    .param = text(error, "param"),
                    .decline_code = text(error, "decline_code"),
                    .keep_changes = true};
    refusal.more[setup ? "setup_intent" : "payment_intent"] = intent;
    for (const auto* key : {"charge", "payment_method"}) {
        if (present(error, key)) refusal.more[key] = error.at(key);
    }
    return refusal;
}

void attach_method(Account& account, const std::string& method, std::string_view customer) {
    const Object& before = account.get("payment_method", method);
    if (text(before, "customer") == customer) return;
    const TestCard& card = card_of(before);
    if (!card.attaches) throw decline_of(card);
    const Object& attached =
        account.change(method, "", [&](Object& changed) { changed["customer"] = customer; });
    account.emit("payment_method.attached", attached);
}

const Object& resolve_method(Account& account, std::string_view id, std::string_view param) {
    if (const auto* stored = account.find("payment_method", id)) return *stored;
    if (const auto* fresh = add_test_payment_method(account, id)) return *fresh;
    refuse_missing("PaymentMethod", id, param, param.empty());
}

}  // namespace paydesk::sandbox::stripe
