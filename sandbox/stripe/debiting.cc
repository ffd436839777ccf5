#include "sandbox/stripe/debiting.h"

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/charging.h"
#include "sandbox/stripe/mandates.h"
#include "sandbox/stripe/microdeposits.h"
#include "sandbox/stripe/planned_failures.h"
#include "sandbox/stripe/timers.h"

namespace paydesk::sandbox::stripe {
namespace {

Refusal failure(std::string_view code, std::string_view message) {
    return {.status = 400, .code = std::string(code), .message = std::string(message)};
}

Refusal failure_of(const DebitFate& fate) {
    return failure(fate.error_code.empty() ? fate.failure_code : fate.error_code, fate.message);
}

Refusal no_mandate(bool setup) {
    return failure(setup ? "setup_intent_mandate_invalid" : "payment_intent_mandate_invalid",
                   std::string("This ") + (setup ? "SetupIntent" : "PaymentIntent") +
                       " requires a mandate, but no existing mandate was found. Collect mandate "
                       "acceptance from the customer and try again, providing acceptance data in "
                       "the mandate_data parameter.");
}

bool may_debit(const Account& account, const Object& method, const Confirmation& how) {
    return mandate_of(account, method) || how.accepts_mandate();
}

void ensure_mandate(Account& account, const Object& method, const Confirmation& how) {
    if (mandate_of(account, method)) return;
    add_mandate(account, text(method, "id"), how.acceptance);
}

// The intent takes this kind of method from now on, whatever it was made for.
void allow_type(Object& intent, const std::string& type) {
    auto& types = intent["payment_method_types"].as_array();
    for (const json::value& known : types) {
        if (known.as_string() == type) return;
    }
    types.push_back(json::value(type));
}

}  // namespace

std::optional<Refusal> debit_problem(const Account& account, const Object& intent,
                                     const Object& method, const Confirmation& how) {
    const auto type = text(method, "type");
    const auto currency = currency_of_debit(type);
    if (text(intent, "currency") != currency) {
        return Refusal{.message = "The currency provided (" + text(intent, "currency") +
                                  ") is invalid. Payments with " + type +
                                  " support the following currencies: " + std::string(currency) +
                                  ".",
                       .param = "currency"};
    }
    if (text(intent, "capture_method") == "manual") {
        return Refusal{.message = "Payments with " + type +
                                  " can't be captured manually: capture_method must be automatic.",
                       .param = "capture_method"};
    }
    if (!may_debit(account, method, how)) return no_mandate(false);
    if (how.automatic && !flag(method, "_verified")) {
        return failure("bank_account_unverified", "The bank account has not been verified.");
    }
    return std::nullopt;
}

Outcome begin_debit(Account& account, const Object& intent, const Object& method,
                    const Confirmation& how) {
    const auto id = text(intent, "id");
    if (const auto problem = debit_problem(account, intent, method, how)) {
        if (!how.automatic) throw *problem;
        fail_intent(account, id, method, *problem, nullptr);
        return Outcome::declined;
    }
    ensure_mandate(account, method, how);
    const Object mandated = account.get("payment_method", text(method, "id"));
    if (!flag(mandated, "_verified")) return ask_for_microdeposits(account, id, mandated);
    const DebitFate& fate = fate_of(mandated);
    if (fate.end == DebitEnd::blocked) {
        decline_charge(account, intent, mandated, failure_of(fate));
        return Outcome::declined;
    }
    Object charge = new_charge(account, intent, mandated);
    charge["paid"] = false;
    charge["status"] = "pending";
    const Object added = account.add(std::move(charge));
    const Object& processing = account.change(id, "", [&](Object& changed) {
        changed["latest_charge"] = added.at("id");
        changed["last_payment_error"] = nullptr;
        changed["payment_method"] = mandated.at("id");
        changed["next_action"] = nullptr;
        changed["status"] = "processing";
        allow_type(changed, text(mandated, "type"));
    });
    account.emit("payment_intent.processing", processing);
    account.emit("charge.pending", added);
    if (fate.end != DebitEnd::never) {
        const auto days = fate.delayed ? debit_seconds(text(mandated, "type")) : 0;
        add_timer(account, account.now() + days, "settle_debit", id);
    }
    return Outcome::processing;
}

Outcome end_debit(Account& account, const std::string& id) {
    const Object intent = account.get("payment_intent", id);
    const Object method = account.get("payment_method", text(intent, "payment_method"));
    const auto charge_id = text(intent, "latest_charge");
    const DebitFate& fate = fate_of(method);
    const auto planned = take_planned_failure(account, text(intent, "customer"));
    if (planned || fate.end == DebitEnd::fails) {
        const Refusal why =
            planned ? failure("insufficient_funds", planned->message) : failure_of(fate);
        const Object failed = account.change(charge_id, "", [&](Object& charge) {
            charge["status"] = "failed";
            charge["captured"] = false;
            charge["failure_code"] = planned ? why.code : std::string(fate.failure_code);
            charge["failure_message"] = why.message;
            charge["receipt_url"] = nullptr;
        });
        account.emit("charge.failed", failed);
        fail_intent(account, id, method, why, failed.at("id"));
        if (!planned && fate.revokes) revoke_mandate(account, text(method, "id"));
        return Outcome::declined;
    }
    account.change(charge_id, "", [](Object& charge) {
        charge["status"] = "succeeded";
        charge["paid"] = true;
        charge["amount_captured"] = charge.at("amount");
    });
    const auto transaction = add_charge_transaction(account, account.get("charge", charge_id));
    const Object& taken = account.change(
        charge_id, "", [&](Object& charge) { charge["balance_transaction"] = transaction; });
    account.emit("charge.succeeded", taken);
    const Object& paid = account.change(id, "", [](Object& changed) {
        changed["amount_received"] = changed.at("amount");
        changed["status"] = "succeeded";
    });
    account.emit("payment_intent.succeeded", paid);
    if (fate.disputed) add_timer(account, account.now(), "open_dispute", charge_id);
    return Outcome::succeeded;
}

void stop_debit(Account& account, const std::string& id) {
    drop_timers(account, "settle_debit", id);
    const Object& failed = account.change(
        text(account.get("payment_intent", id), "latest_charge"), "", [](Object& charge) {
            charge["status"] = "failed";
            charge["captured"] = false;
            charge["failure_message"] = "The payment was canceled before the bank answered.";
            charge["receipt_url"] = nullptr;
        });
    account.emit("charge.failed", failed);
}

Outcome set_up_debit(Account& account, const std::string& intent, const Object& method,
                     const Confirmation& how) {
    if (!may_debit(account, method, how)) throw no_mandate(true);
    ensure_mandate(account, method, how);
    const Object mandated = account.get("payment_method", text(method, "id"));
    if (!flag(mandated, "_verified")) return ask_for_microdeposits(account, intent, mandated);
    const Object& done = account.change(intent, "", [&](Object& changed) {
        changed["last_setup_error"] = nullptr;
        changed["next_action"] = nullptr;
        changed["payment_method"] = mandated.at("id");
        changed["mandate"] = mandated.at("_mandate");
        changed["status"] = "succeeded";
        allow_type(changed, text(mandated, "type"));
    });
    account.emit("setup_intent.succeeded", done);
    if (fate_of(mandated).name == "mandateRefused") revoke_mandate(account, text(method, "id"));
    return Outcome::succeeded;
}

}  // namespace paydesk::sandbox::stripe
