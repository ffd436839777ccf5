#include "sandbox/pages/failure_form.h"

#include <fmt/format.h>

#include "sandbox/stripe/planned_failures.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox {

using namespace stripe;

std::string failure_form(const Object& customer, const std::string& action) {
    const Object& planned = child(customer, "_planned");
    const auto id = escape(text(customer, "id"));
    const std::string begin = fmt::format(
        "<form method=\"post\" action=\"{}\" class=\"actions\"><input type=\"hidden\" "
        "name=\"customer\" value=\"{}\">",
        escape(action), id);
    if (!planned.empty()) {
        return begin + fmt::format(
                           "<span class=\"badge bad\">fails: {}</span><input type=\"hidden\" "
                           "name=\"times\" value=\"0\"><button type=\"submit\" "
                           "data-testid=\"unplan-failure\">Let it pass</button></form>",
                           escape(text(planned, "decline_code")));
    }
    std::string options;
    for (const auto code : plannable_failures()) {
        options += fmt::format("<option>{}</option>", code);
    }
    return begin + fmt::format(
                       "<input type=\"hidden\" name=\"times\" value=\"1\"><select "
                       "name=\"decline_code\" aria-label=\"How the next payment of {} fails\">{}"
                       "</select><button type=\"submit\" data-testid=\"plan-failure\">Make it "
                       "fail</button></form>",
                       id, options);
}

std::string plan_failure(Account& account, const Form& form) {
    try {
        plan_failures(account, field(form, "customer"), field(form, "decline_code"),
                      whole_field(form, "times"));
        account.commit();
        return {};
    } catch (const Refusal& refusal) {
        account.rollback();
        return refusal.message;
    }
}

}  // namespace paydesk::sandbox
