#include "sandbox/paypal/due.h"

#include <string>

#include "base/log.h"
#include "sandbox/paypal/billing.h"
#include "sandbox/paypal/captures.h"
#include "sandbox/paypal/orders.h"
#include "sandbox/paypal/payer.h"
#include "sandbox/paypal/refunds.h"
#include "sandbox/paypal/refusal.h"
#include "sandbox/paypal/sales.h"

namespace paydesk::sandbox::paypal {
namespace {

constexpr int steps_max = 10'000;

using Act = void (*)(Account&, const std::string& id);

struct Due {
    std::int64_t at;
    std::string id;
    Act act;
};

void settle_payment(Account& account, const std::string& id) {
    const bool bounced =
        text(account.get(kind::capture, id), "_funding") == funding::bounced_echeck;
    settle_capture(account, id, !bounced);
}

void settle_subscriptions_payment(Account& account, const std::string& id) {
    const Object& sale = account.get(kind::sale, id);
    const Object& subscription = account.get(kind::subscription, text(sale, "_subscription"));
    const bool bounced = text(subscription, "_funding") == funding::bounced_echeck;
    settle_sale(account, id, !bounced);
    if (bounced) note_bounce(account, id);
}

std::optional<std::int64_t> settles(const Object& object) {
    const auto at = number(object, "_settles");
    return at > 0 ? std::optional(at) : std::nullopt;
}

std::optional<std::int64_t> approval_ends(const Object& order) {
    if (text(order, "status") != "APPROVED") return std::nullopt;
    return number(order, "_approved") + order_capturable_seconds;
}

struct Source {
    std::string_view kind;
    std::optional<std::int64_t> (*when)(const Object& object);
    Act act;
};
constexpr Source sources[] = {
    {kind::order,        approval_ends, reverse_approval            },
    {kind::capture,      settles,       settle_payment              },
    {kind::refund,       settles,       complete_refund             },
    {kind::sale,         settles,       settle_subscriptions_payment},
    {kind::subscription, next_act,      act_on_billing              },
};

std::optional<Due> earliest(const Account& account, std::int64_t until) {
    std::optional<Due> found;
    for (const Source& source : sources) {
        for (const auto& id : account.store().ids(source.kind)) {
            const Object& object = *account.find(source.kind, id);
            if (flag(object, "_stuck")) continue;
            const auto at = source.when(object);
            if (!at || *at > until || (found && *at >= found->at)) continue;
            found = Due{*at, id, source.act};
        }
    }
    return found;
}

}  // namespace

std::optional<std::int64_t> next_due(const Account& account, std::int64_t until) {
    const auto due = earliest(account, until);
    return due ? std::optional(due->at) : std::nullopt;
}

void run_due(Account& account) {
    for (int step = 0; step < steps_max; ++step) {
        const auto due = earliest(account, account.now());
        if (!due) return;
        // One failure must neither stop time nor be repeated for ever.
        try {
            due->act(account, due->id);
        } catch (const Refusal& refusal) {
            account.rollback();
            log::error(
                "sandbox_due_failed",
                {
                    log::Field{"id",    due->id                                                 },
                    log::Field{"issue",
                               refusal.details.empty() ? refusal.name : refusal.details[0].issue}
            });
            account.edit(due->id)["_stuck"] = true;
        }
        account.commit();
    }
}

}  // namespace paydesk::sandbox::paypal
