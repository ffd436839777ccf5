#pragma once
// The sandbox's own time: real time plus an offset that POST /_sandbox/clock moves forward.

#include <optional>

#include "base/clock.h"

namespace paydesk::sandbox {

class SandboxClock final : public Clock {
public:
    // REQUIRES: `base` outlives the clock.
    explicit SandboxClock(const Clock& base) : base_(base) {}

    Instant now() const override { return (still_ ? *still_ : base_.now()) + offset_; }
    std::int64_t seconds() const { return to_unix(now()); }

    std::chrono::seconds offset() const { return offset_; }
    void set_offset(std::chrono::seconds offset) { offset_ = offset; }

    // From now on time does not pass by itself.
    void stand_still(Instant at) { still_ = at; }

private:
    const Clock& base_;
    std::chrono::seconds offset_{0};
    std::optional<Instant> still_;
};

}  // namespace paydesk::sandbox
