#include "sandbox/stripe/settling.h"

#include "http/message.h"
#include "sandbox/stripe/checkout.h"
#include "sandbox/stripe/debiting.h"
#include "sandbox/stripe/invoicing.h"
#include "sandbox/stripe/portal.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

void after_payment(Account& account, const std::string& id, Outcome outcome) {
    const auto invoice = text(account.get("payment_intent", id), "_invoice");
    const auto* paid = account.find("invoice", invoice);
    if (!paid || text(*paid, "status") == "paid") return;
    if (outcome == Outcome::succeeded)
        settle_invoice(account, invoice);
    else if (outcome == Outcome::processing)
        note_processing_payment(account, invoice);
    else if (outcome != Outcome::requires_capture)
        note_failed_payment(account, invoice, outcome);
}

void settle_debit(Account& account, const std::string& id) {
    if (text(account.get("payment_intent", id), "status") != "processing") return;
    const auto outcome = end_debit(account, id);
    after_payment(account, id, outcome);
    const auto session = text(account.get("payment_intent", id), "_session");
    if (!session.empty()) finish_delayed_checkout(account, session, outcome);
}

Answered answer_authentication(Account& account, const std::string& id, bool authenticated) {
    const Object* waiting = account.store().find(id);
    const bool asks = waiting && text(*waiting, "status") == "requires_action" &&
                      text(child(*waiting, "next_action"), "type") != "verify_with_microdeposits";
    if (!asks) {
        refuse("",
               "This payment does not wait for authentication: it may have been answered in "
               "another window.");
    }
    const Object intent = *waiting;
    if (intent.contains("_session")) {
        auto done =
            finish_checkout_authentication(account, text(intent, "_session"), authenticated);
        Answered answered{.outcome = done.outcome, .url = done.url, .message = done.message};
        if (answered.url.empty()) {
            answered.url = account.base_url() + "/c/pay/" + text(intent, "_session");
        }
        return answered;
    }
    const auto method = text(intent, "payment_method");
    const bool setup = text(intent, "object") == "setup_intent";
    Answered answered{.url = text(intent, "_return_url")};
    if (!authenticated) {
        fail_authentication(account, id);
        answered.outcome = Outcome::declined;
    } else {
        const Confirmation how{.payment_method = method, .authenticated = true};
        answered.outcome =
            setup ? confirm_setup(account, id, how) : confirm_payment(account, id, how);
    }
    if (is_accepted(answered.outcome) && present(intent, "customer")) {
        const bool keeps = setup || present(intent, "setup_future_usage");
        if (keeps) attach_method(account, method, text(intent, "customer"));
    }
    if (!setup) after_payment(account, id, answered.outcome);
    if (!is_accepted(answered.outcome)) {
        answered.message = refusal_of(*account.store().find(id)).message;
    }
    if (intent.contains("_portal")) {
        answered.url = account.base_url() + "/p/session/" + text(intent, "_portal");
        if (answered.outcome == Outcome::succeeded) {
            use_new_method(account, text(intent, "_portal"), method);
            answered.url += "/done";
        } else {
            answered.url += "?view=card&error=" + http::percent_encode(answered.message);
        }
    }
    return answered;
}

}  // namespace paydesk::sandbox::stripe
