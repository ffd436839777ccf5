#pragma once
// What every *_flow.cc has at hand, and for whom it acts.
//
// A flow is where a provider's answer is needed (design, law 4): the intent in one transaction, the
// call under the intent's id outside any, the outcome in a second. What dies in between is taken up
// by the next request of the same intent, or by a job.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
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

// One flow per provider. What acts on something that is there takes all of them and goes by that row's
// provider; what begins something new takes the one that was chosen.
struct Flows {
    Flow stripe;
    std::optional<Flow> paypal = {};  // none: not configured

    // Null where it is not configured.
    const Flow* find(provider::Name name) const;
    // REQUIRES: nothing; refuses with provider_not_configured. The pointer is never null.
    Result<const Flow*> of(provider::Name name) const;

    db::Database& db() const { return stripe.db; }
    const Clock& clock() const { return stripe.clock; }
};

struct Buyer {
    AccountId account;
    std::optional<std::string> email = {}, name = {};
};

}  // namespace paydesk::billing
