#include "sandbox/stripe/microdeposits.h"

#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/charging.h"
#include "sandbox/stripe/refusal.h"
#include "sandbox/stripe/routes.h"
#include "sandbox/stripe/settling.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t deposits_take_seconds = 2 * 86400;

bool is_setup(const Object& intent) { return text(intent, "object") == "setup_intent"; }

// What went wrong for good: the intent waits for another payment method.
[[noreturn]] void give_up(Account& account, const Object& intent, const Object& method,
                          std::string_view code, std::string message) {
    const Refusal why{.code = std::string(code), .message = std::move(message)};
    const auto id = text(intent, "id");
    if (is_setup(intent)) {
        const Object& failed = account.change(id, "", [&](Object& changed) {
            changed["last_setup_error"] = error_object(why, method);
            changed["next_action"] = nullptr;
            changed["payment_method"] = nullptr;
            changed["status"] = "requires_payment_method";
        });
        account.emit("setup_intent.setup_failed", failed);
    } else {
        fail_intent(account, id, method, why, nullptr);
    }
    Refusal refusal = why;
    refusal.keep_changes = true;
    throw refusal;
}

json::value verify(Call& call, std::string_view kind) {
    const auto id = text(call.target(kind, "intent"), "id");
    const auto& amounts = children(call.params, "amounts");
    auto proof = text(call.params, "descriptor_code");
    if (proof.empty() == amounts.empty()) {
        refuse("parameter_missing", "Give either amounts or descriptor_code.");
    }
    for (const json::value& amount : amounts) {
        proof += (proof.empty() ? "" : ",") + std::to_string(amount.to_number<std::int64_t>());
    }
    verify_microdeposits(call.account, id, proof);
    return call.account.get(kind, id);
}

}  // namespace

std::string microdeposits_url(const Account& account, std::string_view intent) {
    return account.base_url() + "/microdeposits/" + std::string(intent);
}

Outcome ask_for_microdeposits(Account& account, const std::string& id, const Object& method) {
    const Object& asking = account.change(id, "", [&](Object& changed) {
        changed["payment_method"] = method.at("id");
        changed["next_action"] = Object{
            {"type",                      "verify_with_microdeposits"},
            {"verify_with_microdeposits",
             Object{{"arrival_date", account.now() + deposits_take_seconds},
                    {"hosted_verification_url", microdeposits_url(account, id)},
                    {"microdeposit_type", "descriptor_code"}}        }
        };
        changed["status"] = "requires_action";
    });
    account.emit(
        is_setup(asking) ? "setup_intent.requires_action" : "payment_intent.requires_action",
        asking);
    return Outcome::requires_action;
}

void verify_microdeposits(Account& account, const std::string& id, const std::string& proof) {
    const Object* found = account.store().find(id);
    if (!found || text(child(*found, "next_action"), "type") != "verify_with_microdeposits") {
        refuse(found && is_setup(*found) ? "setup_intent_unexpected_state"
                                         : "payment_intent_unexpected_state",
               "This intent does not wait for microdeposits to be verified.");
    }
    const Object intent = *found;
    const auto method_id = text(intent, "payment_method");
    const Object method = account.get("payment_method", method_id);
    if (!fate_of(method).verifiable) {
        give_up(account, intent, method, "payment_method_microdeposit_failed",
                "Microdeposits could not be sent to this bank account.");
    }
    if (proof == "SM33CC" || proof == "10,11") {
        give_up(account, intent, method,
                "payment_method_microdeposit_verification_attempts_exceeded",
                "You have exceeded the number of allowed verification attempts.");
    }
    if (proof == "SM44DD" || proof == "40,41") {
        give_up(account, intent, method, "payment_method_microdeposit_verification_timeout",
                "Microdeposit verification timed out: it was not done in 10 days.");
    }
    if (proof != "SM11AA" && proof != "32,45") {
        const bool code = proof.starts_with("SM");
        refuse(code ? "payment_method_microdeposit_verification_descriptor_code_mismatch"
                    : "payment_method_microdeposit_verification_amounts_mismatch",
               "That does not match what was sent to the bank account. In test mode it is SM11AA, "
               "or 32 and 45.");
    }
    account.change(method_id, "", [](Object& changed) { changed["_verified"] = true; });
    const Confirmation how{.payment_method = method_id};
    if (is_setup(intent)) {
        confirm_setup(account, id, how);
        if (present(intent, "customer")) {
            attach_method(account, method_id, text(intent, "customer"));
        }
    } else {
        const bool keeps = present(intent, "setup_future_usage") && present(intent, "customer");
        const auto outcome = confirm_payment(account, id, how);
        if (keeps) attach_method(account, method_id, text(intent, "customer"));
        after_payment(account, id, outcome);
    }
}

void add_microdeposit_routes(Routes& routes) {
    for (const std::string_view kind : {"payment_intent", "setup_intent"}) {
        routes.on("POST /v1/" + std::string(kind) + "s/{id}/verify_microdeposits",
                  "amounts[]:i descriptor_code", [kind](Call& call) { return verify(call, kind); });
    }
}

}  // namespace paydesk::sandbox::stripe
