#include "auth/rate_limit.h"

#include <algorithm>

#include "base/assert.h"

namespace paydesk::auth {

namespace {

constexpr std::int64_t one_request = 60'000'000;  // microseconds of a minute
constexpr std::int64_t rate_max = 1'000'000;

}  // namespace

RateLimiter::RateLimiter(Rate rate, std::size_t keys_max, const Clock& clock)
    : rate_(rate), keys_max_(keys_max), clock_(clock) {
    PD_ASSERT(rate.burst >= 1 && rate.burst <= rate_max);
    PD_ASSERT(rate.per_minute >= 1 && rate.per_minute <= rate_max);
    PD_ASSERT(keys_max >= 1);
}

RateLimiter::Bucket& RateLimiter::find(std::string_view key, Instant now) {
    if (const auto at = by_key_.find(key); at != by_key_.end()) {
        buckets_.splice(buckets_.begin(), buckets_, at->second);
        return buckets_.front();
    }
    if (by_key_.size() == keys_max_) {
        by_key_.erase(buckets_.back().key);
        buckets_.pop_back();
    }
    buckets_.push_front({.key = std::string(key), .level = rate_.burst * one_request, .at = now});
    by_key_.emplace(buckets_.front().key, buckets_.begin());
    return buckets_.front();
}

std::optional<std::chrono::seconds> RateLimiter::take(std::string_view key) {
    const Instant now = clock_.now();
    Bucket& bucket = find(key, now);
    // A clock that was set back must not take anything away; a long pause must not overflow.
    const auto passed = std::clamp<std::chrono::microseconds>(
        now - bucket.at, std::chrono::microseconds(0), std::chrono::hours(24));
    bucket.level =
        std::min(bucket.level + passed.count() * rate_.per_minute, rate_.burst * one_request);
    bucket.at = now;
    if (bucket.level >= one_request) {
        bucket.level -= one_request;
        return {};
    }
    const std::int64_t microseconds =
        (one_request - bucket.level + rate_.per_minute - 1) / rate_.per_minute;
    return std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(
                                                 std::chrono::microseconds(microseconds)));
}

}  // namespace paydesk::auth
