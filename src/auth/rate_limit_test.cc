#include "auth/rate_limit.h"

#include <gtest/gtest.h>

namespace paydesk::auth {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, ABurstThenTheRate) {
    ManualClock clock(from_unix(1'800'000'000));
    RateLimiter limiter({.burst = 3, .per_minute = 30}, 10, clock);
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("ada"));
    EXPECT_EQ(limiter.take("ada"), 2s);
    EXPECT_FALSE(limiter.take("bob")) << "another's bucket";
    clock.advance(1s);
    EXPECT_EQ(limiter.take("ada"), 1s);
    clock.advance(1s);
    EXPECT_FALSE(limiter.take("ada"));
    EXPECT_EQ(limiter.take("ada"), 2s);
}

TEST(RateLimiter, APauseFillsToTheBurstAndNoFurther) {
    ManualClock clock(from_unix(1'800'000'000));
    RateLimiter limiter({.burst = 1'000'000, .per_minute = 1'000'000}, 1, clock);
    EXPECT_FALSE(limiter.take("a"));
    clock.advance(std::chrono::years(50));
    for (int i = 0; i < 1'000'000; ++i) ASSERT_FALSE(limiter.take("a"));
    EXPECT_TRUE(limiter.take("a"));
}

TEST(RateLimiter, AskingAllTheTimeDoesNotStopTheRefill) {
    ManualClock clock(from_unix(1'800'000'000));
    RateLimiter limiter({.burst = 1, .per_minute = 1}, 1, clock);
    int allowed = 0;
    for (int i = 0; i < 180'000; ++i) {
        allowed += !limiter.take("a");
        clock.advance(1ms);
    }
    EXPECT_EQ(allowed, 3);
}

TEST(RateLimiter, AClockSetBackTakesNothingAway) {
    ManualClock clock(from_unix(1'800'000'000));
    RateLimiter limiter({.burst = 2, .per_minute = 60}, 1, clock);
    EXPECT_FALSE(limiter.take("a"));
    clock.set(from_unix(1'700'000'000));
    EXPECT_FALSE(limiter.take("a"));
    EXPECT_EQ(limiter.take("a"), 1s);
}

TEST(RateLimiter, KeysAreBounded) {
    ManualClock clock(from_unix(1'800'000'000));
    RateLimiter limiter({.burst = 1, .per_minute = 1}, 100, clock);
    for (int i = 0; i < 10'000; ++i) EXPECT_FALSE(limiter.take("key" + std::to_string(i)));
    EXPECT_EQ(limiter.keys(), 100u);
    EXPECT_TRUE(limiter.take("key9999"));
    EXPECT_TRUE(limiter.take("key9950"));
    EXPECT_FALSE(limiter.take("key9800")) << "forgotten";
}

}  // namespace
}  // namespace paydesk::auth
