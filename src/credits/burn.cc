#include "credits/burn.h"

#include <algorithm>
#include <tuple>

#include "base/assert.h"

namespace paydesk::credits {

BurnPlan plan_burn(std::span<const Bucket> buckets, std::int64_t amount, Instant now) {
    PD_ASSERT(amount >= 0);

    std::vector<const Bucket*> usable;
    for (const Bucket& bucket : buckets) {
        PD_ASSERT(bucket.remaining >= 0);
        const bool in_effect = bucket.effective_at <= now && now < bucket.expires_at;
        if (in_effect && bucket.remaining > 0) usable.push_back(&bucket);
    }
    std::ranges::sort(usable, {}, [](const Bucket* bucket) {
        return std::tie(bucket->priority, bucket->expires_at, bucket->id);
    });

    BurnPlan plan{.burns = {}, .shortfall = amount};
    for (const Bucket* bucket : usable) {
        if (plan.shortfall == 0) break;
        const std::int64_t burned = std::min(plan.shortfall, bucket->remaining);
        plan.burns.push_back({.bucket = bucket->id, .amount = burned});
        plan.shortfall -= burned;
    }

    PD_ASSERT(plan.shortfall >= 0);
    return plan;
}

}  // namespace paydesk::credits
