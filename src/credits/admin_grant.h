#pragma once
// Credits that an admin gives, for a reason that the audit log keeps.

#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "credits/grant.h"
#include "db/database.h"

namespace paydesk::credits {

struct AdminGrant {
    AccountId account;
    std::int64_t amount = 0;
    std::string reason;
    std::int32_t priority = priority_admin;
    Instant effective_at;
    Instant expires_at = never;
    std::string actor;   // "admin:<uuid>", "service"
    std::string intent;  // one grant per actor and intent
};

// Grants and writes the audit row, in one transaction; a second time with the same intent it gives what
// is there. REQUIRES: effective_at < expires_at, now < expires_at. Throws db::Failure.
Task<Grant> grant_by_admin(db::Database& db, AdminGrant wish, Instant now);

}  // namespace paydesk::credits
