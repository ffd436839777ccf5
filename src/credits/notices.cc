#include "credits/notices.h"

#include <fmt/format.h>

namespace paydesk::credits {

notify::Notification low_notice(const AccountId& account, const RanLow& low) {
    return {
        .account = account,
        .type = "credits_low",
        .title = "Credits Running Low",
        .message =
            low.balance == 0
                ? "Your credits are used up. Top up to continue."
                : fmt::format("You have {} credits left. Top up to continue without a break.",
                              low.balance),
        .metadata = {{"grant_id", low.grant},
                     {"balance", low.balance},
                     {"threshold", low.threshold}},
        .fact_key = "credits_low:" + low.grant,
        .details = {{"credits", low.balance}}
    };
}

notify::Notification topped_up_notice(const AccountId& account, const Grant& grant,
                                      std::int64_t balance) {
    return {
        .account = account,
        .type = "credits_topped_up",
        .title = "Credits Added",
        .message = fmt::format("{} credits have been added to your account.", grant.amount),
        .metadata = {{"grant_id", grant.id}, {"amount", grant.amount}, {"balance", balance}},
        .fact_key = "credits_topped_up:" + grant.fact_key,
        .details = {{"credits", grant.amount}, {"balance", balance}}
    };
}

}  // namespace paydesk::credits
