#include "sandbox/pages/bank_form.h"

#include <fmt/format.h>

namespace paydesk::sandbox {
namespace {

struct Words {
    std::string_view number, routing, routing_value;
};

Words words_of(std::string_view type) {
    if (type == "us_bank_account") return {"Account number", "Routing number", "110000000"};
    if (type == "bacs_debit") return {"Account number", "Sort code", "108800"};
    return {"IBAN", "", ""};
}

}  // namespace

std::string bank_fields(std::string_view type, const Form& sent) {
    const auto words = words_of(type);
    std::string html = fmt::format(
        R"(<label for="bank-number">{}</label>
<input id="bank-number" name="bank_number" data-testid="bank-number" autocomplete="off"
 maxlength="42" required value="{}">
)",
        words.number, escape(field(sent, "bank_number")));
    if (!words.routing.empty()) {
        html += fmt::format(
            R"(<label for="bank-routing">{}</label>
<input id="bank-routing" name="bank_routing" data-testid="bank-routing" inputmode="numeric"
 autocomplete="off" maxlength="12" required value="{}">
)",
            words.routing, words.routing_value);
    }
    return html + fmt::format(
                      R"(<label for="bank-name">Account holder</label>
<input id="bank-name" name="bank_name" data-testid="bank-name" autocomplete="name"
 maxlength="200" required value="{}">
<p class="soft">By going on you allow Paydesk sandbox to debit this account, now and later. The bank
answers in days.</p>
)",
                      escape(field(sent, "bank_name")));
}

std::string bank_hints(std::string_view type) {
    std::string hints = "<details class=\"hints\" open><summary>Test accounts</summary><ul>";
    for (const auto& account : stripe::shown_accounts(type)) {
        hints += fmt::format(
            "<li><button type=\"button\" class=\"hint\" data-bank=\"{0}\">{0}</button> {1}</li>",
            account.number, escape(account.fate->says));
    }
    return hints + "</ul></details>";
}

stripe::BankDetails bank_details(const Form& form, std::string_view type) {
    return {.type = std::string(type),
            .number = field(form, "bank_number"),
            .routing = field(form, "bank_routing"),
            .name = field(form, "bank_name"),
            .email = field(form, "email"),
            .verified = true};
}

}  // namespace paydesk::sandbox
