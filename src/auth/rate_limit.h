#pragma once
// How often somebody may ask: a token bucket per key (a user's account, an address).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace paydesk::auth {

struct Rate {
    std::int64_t burst;       // at once, after a pause
    std::int64_t per_minute;  // for ever
};

// One thread. In memory and per process: a limit against floods, not an account of anything.
class RateLimiter {
public:
    // REQUIRES: 1 <= burst and per_minute <= 1'000'000; keys_max >= 1; the clock outlives it.
    RateLimiter(Rate rate, std::size_t keys_max, const Clock& clock);

    // Nothing when `key` may go on (it has then used one), or how long it must wait, at least 1 s.
    // Beyond keys_max keys the one that was quiet the longest is forgotten, and starts afresh.
    std::optional<std::chrono::seconds> take(std::string_view key);

    std::size_t keys() const { return by_key_.size(); }

private:
    struct Bucket {
        std::string key;
        std::int64_t level;  // in 1/60'000'000 of a request, so that refilling is exact
        Instant at;
    };
    Bucket& find(std::string_view key, Instant now);

    Rate rate_;
    std::size_t keys_max_;
    const Clock& clock_;
    std::list<Bucket> buckets_;  // used last first
    std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key_;
};

}  // namespace paydesk::auth
