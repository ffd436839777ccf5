// Random buckets against a slow reference that burns one credit at a time. The two share no code, so
// a shared misreading of the burn order is the only way for both to be wrong.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <string>

#include "credits/burn.h"

namespace paydesk::credits {
namespace {

using std::chrono::microseconds;

// PAYDESK_SEED replays a failure: every failure message prints the seed it ran with.
std::uint64_t test_seed() {
    const char* fixed = std::getenv("PAYDESK_SEED");
    return fixed != nullptr ? std::stoull(fixed) : std::random_device{}();
}

std::map<std::string, std::int64_t> burn_one_by_one(std::vector<Bucket> buckets,
                                                    std::int64_t amount, Instant now) {
    std::map<std::string, std::int64_t> burned;
    for (; amount > 0; --amount) {
        Bucket* best = nullptr;
        for (Bucket& bucket : buckets) {
            if (bucket.remaining == 0 || now < bucket.effective_at || now >= bucket.expires_at)
                continue;
            const bool better = best == nullptr || bucket.priority < best->priority ||
                                (bucket.priority == best->priority &&
                                 (bucket.expires_at < best->expires_at ||
                                  (bucket.expires_at == best->expires_at && bucket.id < best->id)));
            if (better) best = &bucket;
        }
        if (best == nullptr) break;
        best->remaining -= 1;
        burned[best->id] += 1;
    }
    return burned;
}

// Small ranges on purpose: ties, empty buckets and exact boundaries must come up often.
std::vector<Bucket> random_buckets(std::mt19937_64& random) {
    std::vector<Bucket> buckets(random() % 6);
    for (std::size_t i = 0; i < buckets.size(); ++i) {
        const auto start = static_cast<std::int64_t>(random() % 4);
        const bool lasts = random() % 4 == 0;
        buckets[i] = {
            .id = std::to_string(i + 1),
            .remaining = static_cast<std::int64_t>(random() % 5),
            .priority = static_cast<std::int32_t>(random() % 2),
            .effective_at = Instant(microseconds(start)),
            .expires_at =
                lasts ? never
                      : Instant(microseconds(start + 1 + static_cast<std::int64_t>(random() % 4)))};
    }
    return buckets;
}

TEST(PlanBurn, AgreesWithTheReference) {
    const std::uint64_t seed = test_seed();
    std::mt19937_64 random(seed);

    for (int round = 0; round < 20'000; ++round) {
        SCOPED_TRACE(testing::Message() << "PAYDESK_SEED=" << seed << " round " << round);
        auto buckets = random_buckets(random);
        const auto amount = static_cast<std::int64_t>(random() % 12);
        const Instant now{microseconds(random() % 6)};

        const BurnPlan plan = plan_burn(buckets, amount, now);

        std::int64_t total = plan.shortfall;
        std::map<std::string, std::int64_t> burned;
        for (const Burn& burn : plan.burns) {
            EXPECT_GT(burn.amount, 0);
            burned[burn.bucket] += burn.amount;
            total += burn.amount;
        }
        EXPECT_EQ(total, amount);
        EXPECT_EQ(burned, burn_one_by_one(buckets, amount, now));

        std::ranges::shuffle(buckets, random);
        EXPECT_EQ(plan_burn(buckets, amount, now).burns, plan.burns);
        if (HasFailure()) return;  // one counterexample is enough
    }
}

TEST(PlanBurn, PlanCreditsFirstBoughtOnesLast) {
    const auto at = [](std::int64_t day) { return Instant(std::chrono::days(day)); };
    const std::vector<Bucket> buckets = {
        {"top-up",         1'000, 30, at(0), never },
        {"gift",           50,    20, at(0), never },
        {"plan",           100,   10, at(0), at(30)},
        {"older plan",     7,     10, at(0), at(2) },
        {"tomorrow's",     500,   10, at(2), at(40)},
        {"over since now", 500,   10, at(0), at(1) },
    };
    const BurnPlan plan = plan_burn(buckets, 200, at(1));
    EXPECT_EQ(plan.burns, (std::vector<Burn>{
                              {"older plan", 7  },
                              {"plan",       100},
                              {"gift",       50 },
                              {"top-up",     43 }
    }));
    EXPECT_EQ(plan.shortfall, 0);
    EXPECT_EQ(plan_burn(buckets, 1'200, at(1)).shortfall, 43);
}

}  // namespace
}  // namespace paydesk::credits
