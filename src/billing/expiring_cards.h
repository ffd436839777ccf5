#pragma once
// Tells people whose default card ends soon, while a subscription of theirs is to be paid with it.

#include "base/clock.h"
#include "base/task.h"
#include "db/database.h"

namespace paydesk::billing {

inline constexpr const char* expiring_cards_job_kind = "expiring_cards";
inline constexpr std::chrono::hours expiring_cards_period{24};

// A card is good to the end of its month: told from a month before, once per card and expiry.
// Gives how many were told.
Task<std::size_t> tell_expiring_cards(db::Database& db, Instant now);

}  // namespace paydesk::billing
