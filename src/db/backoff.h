#pragma once
// How long to wait before the next try: doubling, bounded, with jitter so that many who failed
// together do not come back together.

#include <algorithm>
#include <chrono>
#include <random>

namespace paydesk::db {

class Backoff {
public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
        : first_(first), longest_(longest) {}

    // Between half and the whole of first * 2^n, at most `longest`.
    std::chrono::milliseconds next() {
        const auto whole = std::min(longest_, first_ * (1 << std::min(tries_++, 16)));
        return whole / 2 +
               std::chrono::milliseconds(std::random_device{}() % (whole.count() / 2 + 1));
    }
    void reset() { tries_ = 0; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds longest_;
    int tries_ = 0;
};

}  // namespace paydesk::db
