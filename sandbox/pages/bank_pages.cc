// Pages about bank accounts: /microdeposits/{intent}, /mandates/{mandate}.

#include <fmt/format.h>

#include "sandbox/pages/html.h"
#include "sandbox/pages/pages.h"
#include "sandbox/stripe/bank_accounts.h"
#include "sandbox/stripe/microdeposits.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox {
namespace {

using namespace stripe;

http::Response ask(const std::string& id, std::string_view message) {
    return html_page(
        "Verify your account",
        fmt::format(
            "<section class=\"card\"><h1>Verify your bank account</h1><p>A deposit of $0.01 has a "
            "code in its description. Here it is <code>SM11AA</code>; <code>SM33CC</code> is one "
            "attempt too many, <code>SM44DD</code> too late.</p><form method=\"post\" "
            "action=\"/microdeposits/{}\" data-once>{}<label for=\"code\">Code</label>"
            "<input id=\"code\" name=\"code\" data-testid=\"microdeposit-code\" maxlength=\"6\" "
            "autocomplete=\"off\" required><button type=\"submit\" class=\"primary block\" "
            "data-testid=\"verify-button\">Verify</button></form></section>",
            escape(id), error_box(message)),
        Width::narrow);
}

}  // namespace

http::Response microdeposits_page(Account& account, const http::Request& request,
                                  const std::string& id) {
    const auto* intent = account.store().find(id);
    if (!intent || text(child(*intent, "next_action"), "type") != "verify_with_microdeposits") {
        return notice_page("Nothing to verify",
                           "This link is wrong, or the account was verified already.", {}, {}, 404);
    }
    if (request.method != "POST") return ask(id, {});
    try {
        verify_microdeposits(account, id, field(form_of(request), "code"));
        account.commit();
        return notice_page("Verified", "Your bank account is yours. You can close this page.");
    } catch (const Refusal& refusal) {
        if (!refusal.keep_changes) {
            account.rollback();
            return ask(id, refusal.message);
        }
        account.commit();
        return notice_page("Not verified", refusal.message, {}, {}, 400);
    }
}

http::Response mandate_page(const Account& account, const std::string& id) {
    const auto* mandate = account.find("mandate", id);
    if (!mandate) {
        return notice_page("No such mandate", "This link is wrong or was made by another sandbox.",
                           {}, {}, 404);
    }
    const auto* method = account.find("payment_method", text(*mandate, "payment_method"));
    return notice_page(
        "Mandate",
        fmt::format("Paydesk sandbox may debit {}. Accepted on {}; it is {}.",
                    method ? card_text(*method) : "this account",
                    date_text(number(child(*mandate, "customer_acceptance"), "accepted_at")),
                    text(*mandate, "status")));
}

}  // namespace paydesk::sandbox
