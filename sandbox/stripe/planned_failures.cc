#include "sandbox/stripe/planned_failures.h"

#include <algorithm>
#include <array>

#include "sandbox/stripe/cards.h"

namespace paydesk::sandbox::stripe {
namespace {

constexpr std::int64_t times_max = 100;
constexpr std::array<std::string_view, 7> plannable = {
    "insufficient_funds", "generic_decline", "expired_card",           "lost_card",
    "stolen_card",        "do_not_honor",    "authentication_required"};

}  // namespace

std::span<const std::string_view> plannable_failures() { return plannable; }

void plan_failures(Account& account, const std::string& customer, const std::string& decline_code,
                   std::int64_t times) {
    if (times < 0 || times > times_max) {
        refuse("", "times must be a whole number from 0 to 100", "times");
    }
    if (times > 0 && std::ranges::find(plannable, decline_code) == plannable.end()) {
        std::string known;
        for (const auto code : plannable) known += (known.empty() ? "" : ", ") + std::string(code);
        refuse("", "decline_code must be one of " + known, "decline_code");
    }
    account.get("customer", customer, "customer");
    account.change(customer, "", [&](Object& changed) {
        changed.erase("_planned");
        if (times == 0) return;
        changed["_planned"] = Object{
            {"decline_code", decline_code},
            {"times",        times       }
        };
    });
}

std::optional<Refusal> take_planned_failure(Account& account, const std::string& customer) {
    const auto* known = account.find("customer", customer);
    if (!known || !present(*known, "_planned")) return std::nullopt;
    const Object plan = child(*known, "_planned");
    const auto left = number(plan, "times") - 1;
    account.change(customer, "", [&](Object& changed) {
        if (left > 0)
            changed["_planned"].as_object()["times"] = left;
        else
            changed.erase("_planned");
    });
    return decline_by_code(text(plan, "decline_code"));
}

}  // namespace paydesk::sandbox::stripe
