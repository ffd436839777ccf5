#pragma once
// What other modules tell the ledger, in their own transaction: that something was paid for, has ended,
// or was refunded. Each fact counts once, by its key, however often and in whatever order it is told.

#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "credits/grant.h"
#include "db/database.h"

namespace paydesk::credits {

struct Granted {
    AccountId account;
    Grant grant;  // from grant.h's makers
};

// Of the payment for a grant `refunded` of `paid` (minor units) has been given back so far: as large a
// part of the credits goes back, as far as it is unspent. Telling it again takes nothing more than is
// still due. A grant that is not there is not waited for.
struct PaymentRefunded {
    AccountId account;
    std::string grant_fact_key;
    std::int64_t refunded = 0, paid = 0;
    std::string description = "Refunded";
};

// All that was paid for a plan's period has been given back: what is unspent of its credits goes back, too.
// Those of months to come stay until the subscription ends. Telling it again takes nothing more.
struct PeriodRefunded {
    AccountId account;
    std::string fact_key_prefix;  // of the grants that were made for it
    std::string description = "Refunded";
};

using Fact = std::variant<Granted, PaymentRefunded, PeriodRefunded>;

// Applies the facts in the caller's transaction. Call it once per transaction, with all facts: it locks
// the ledgers of all accounts at once, and a second call could deadlock with somebody else's.
//
// ENSURES: one grant per account and fact key, booked when its time has come; who has topped up is told.
// Throws db::Failure.
Task<> apply_facts(db::Tx& tx, std::vector<Fact> facts, Instant now);

}  // namespace paydesk::credits
