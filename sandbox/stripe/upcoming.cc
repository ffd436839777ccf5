#include "sandbox/stripe/upcoming.h"

#include "sandbox/stripe/previews.h"
#include "sandbox/stripe/subscribing.h"

namespace paydesk::sandbox::stripe {

std::int64_t announced_at(const Account& account, const Object& subscription) {
    const auto status = text(subscription, "status");
    if (status != "active" && status != "trialing" && status != "past_due") return 0;
    const json::value chosen = account.setting("upcoming_days");
    const auto days = chosen.is_int64() ? chosen.get_int64() : upcoming_days_usual;
    const auto end = period_end_of(subscription);
    const auto at = end - days * 86400;
    const bool ends =
        present(subscription, "cancel_at") && number(subscription, "cancel_at") <= end;
    if (days == 0 || ends || number(subscription, "_announced") == end) return 0;
    const auto& items = children(child(subscription, "items"), "data");
    if (items.empty()) return 0;
    return at > number(items.front().get_object(), "current_period_start") ? at : 0;
}

void announce_invoice(Account& account, const std::string& id) {
    const Object invoice = upcoming_invoice(account, id);
    account.change(id, "", [](Object& subscription) {
        subscription["_announced"] = period_end_of(subscription);
    });
    if (!invoice.empty()) account.emit("invoice.upcoming", invoice);
}

}  // namespace paydesk::sandbox::stripe
