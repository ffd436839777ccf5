#pragma once
// At most so many API calls a second, as Stripe has it. Off until a limit is set.

#include <cstdint>

#include "base/clock.h"

namespace paydesk::sandbox {

class RateLimit {
public:
    // REQUIRES: `clock` (real time) outlives the limit.
    explicit RateLimit(const Clock& clock) : clock_(clock) {}

    // 0 takes the limit away.
    void set(std::int64_t calls_per_second) { most_ = calls_per_second; }
    std::int64_t calls_per_second() const { return most_; }

    // Counts one call. False when this second has had its share.
    bool allows() {
        if (most_ == 0) return true;
        const auto second = to_unix(clock_.now());
        if (second != second_) {
            second_ = second;
            made_ = 0;
        }
        return ++made_ <= most_;
    }

private:
    const Clock& clock_;
    std::int64_t most_ = 0;
    std::int64_t second_ = 0;
    std::int64_t made_ = 0;
};

}  // namespace paydesk::sandbox
