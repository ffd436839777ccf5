#include "sandbox/stripe/payments.h"

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/cards.h"
#include "sandbox/stripe/charging.h"
#include "sandbox/stripe/debiting.h"
#include "sandbox/stripe/planned_failures.h"
#include "sandbox/stripe/shapes.h"

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
    if (is_debit(text(method, "type"))) return begin_debit(account, before, method, how);
    const TestCard& card = card_of(method);
    if (const auto planned = take_planned_failure(account, text(before, "customer"))) {
        decline_charge(account, before, method, *planned);
        return Outcome::declined;
    }
    if (asks(card, method, how)) {
        if (!how.off_session) {
            return ask(account, intent, method, how, "payment_intent.requires_action");
        }
        decline_charge(account, before, method, decline_by_code("authentication_required"));
        return Outcome::declined;
    }
    if (!card.code.empty()) {
        decline_charge(account, before, method, decline_of(card));
        return Outcome::declined;
    }
    if (text(before, "capture_method") == "manual") {
        hold_charge(account, before, method, how.authenticated);
        return Outcome::requires_capture;
    }
    take_charge(account, before, method, how.authenticated);
    return Outcome::succeeded;
}

Outcome confirm_setup(Account& account, const std::string& intent, const Confirmation& how) {
    const Object method = account.get("payment_method", how.payment_method, "payment_method");
    if (is_debit(text(method, "type"))) return set_up_debit(account, intent, method, how);
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

void cancel_payment(Account& account, const std::string& intent, const json::value& reason) {
    const auto status = text(account.get("payment_intent", intent), "status");
    if (status == "requires_capture") {
        release_payment(account, intent, reason);
        return;
    }
    if (status == "processing") stop_debit(account, intent);
    const Object& canceled = account.change(intent, "", [&](Object& changed) {
        changed["status"] = "canceled";
        changed["canceled_at"] = account.now();
        changed["cancellation_reason"] = reason;
        changed["next_action"] = nullptr;
    });
    account.emit("payment_intent.canceled", canceled);
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
    if (!is_debit(text(before, "type")) && !card_of(before).attaches) {
        throw decline_of(card_of(before));
    }
    const Object& attached =
        account.change(method, "", [&](Object& changed) { changed["customer"] = customer; });
    account.emit("payment_method.attached", attached);
}

const Object& resolve_method(Account& account, std::string_view id, std::string_view param) {
    if (const auto* stored = account.find("payment_method", id)) return *stored;
    if (const auto* fresh = add_test_payment_method(account, id)) return *fresh;
    if (const auto* fresh = add_test_bank_method(account, id)) return *fresh;
    refuse_missing("PaymentMethod", id, param, param.empty());
}

}  // namespace paydesk::sandbox::stripe
