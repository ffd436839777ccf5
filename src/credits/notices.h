#pragma once
// What a person is told about their credits. Each is told once, by its fact key, and mailed
// (notify/email_kinds.h). Written while the account's ledger is locked, so that two who tell the same
// never wait for each other in a circle.

#include "credits/ledger.h"
#include "credits/low.h"
#include "notify/notifications.h"

namespace paydesk::credits {

// type               fact key                     when
// credits_low        credits_low:<grant>          spending took the balance below its threshold
// credits_topped_up  credits_topped_up:<fact>     bought credits have arrived
notify::Notification low_notice(const AccountId& account, const RanLow& low);
notify::Notification topped_up_notice(const AccountId& account, const Grant& grant,
                                      std::int64_t balance);

}  // namespace paydesk::credits
