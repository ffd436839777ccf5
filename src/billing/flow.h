#pragma once
// What every *_flow.cc has at hand, and for whom it acts.
//
// A flow is where a provider's answer is needed (design, law 4): the intent in one transaction, the
// call under the intent's id outside any, the outcome in a second. What dies in between is taken up
// by the next request of the same intent, or by a job.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "billing/return_url.h"
#include "db/database.h"
#include "provider/provider.h"

namespace paydesk::billing {

// All of it outlives every flow.
struct Flow {
    db::Database& db;
    provider::Provider& provider;
    const Clock& clock;
    const ReturnUrls& urls;
};

struct Buyer {
    AccountId account;
    std::optional<std::string> email = {}, name = {};
};

}  // namespace paydesk::billing
