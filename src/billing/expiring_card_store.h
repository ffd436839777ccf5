#pragma once
// The cards that expiring_cards.h speaks of: SQL, nothing else.

#include <string>
#include <vector>

#include "base/ids.h"
#include "db/database.h"

namespace paydesk::billing::expiring_card_store {

inline constexpr std::int64_t cards_max = 5'000;  // of one run; the rest are told by the next

struct Card {
    AccountId account;
    std::string payment_method;  // the provider's id
    std::string brand, last4;
    std::int64_t exp_month, exp_year;
};

// Default cards of accounts with a subscription that goes on, that end this month or the next, and of
// which their owner was not told yet.
Task<std::vector<Card>> load(db::Database& db, Instant now);

}  // namespace paydesk::billing::expiring_card_store
