#pragma once
// What the time is at a provider, by the Date of its answers. What lasts "until" is judged there, and what it was asked
// is older or newer than what it tells only by its own clock.

#include <chrono>

#include "base/clock.h"
#include "http/client.h"

namespace paydesk::provider {

// Date has whole seconds, and an answer takes its time: closer than this the two clocks are taken for one.
inline constexpr std::chrono::seconds clocks_agree_within{5};

class RemoteClock {
public:
    // `clock`, ours, outlives it.
    explicit RemoteClock(const Clock& clock) : clock_(clock) {}

    // An answer without a readable Date says nothing.
    void note(const http::ClientResponse& answer);
    // How far it is ahead of ours; zero where they agree, and before the first answer.
    std::chrono::seconds ahead() const { return ahead_; }
    Instant now() const { return clock_.now() + ahead_; }
    // A moment of ours by its clock, in its whole seconds. Of when it was asked: whatever happens to an object after it
    // was read is newer. Only after the answer is it known how far the clocks are apart.
    Instant there(Instant ours) const {
        return std::chrono::floor<std::chrono::seconds>(ours + ahead_);
    }

private:
    const Clock& clock_;
    std::chrono::seconds ahead_{0};
};

}  // namespace paydesk::provider
