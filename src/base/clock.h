#pragma once
// What time it is. Nothing else in the tree may ask the system.
//
// UTC instants with microseconds, as Postgres stores them. Time zones are for display.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace paydesk {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
public:
    Instant now() const override;
};

// For tests and the sandbox: stands still until it is told otherwise.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Instant start) : now_(start) {}
    Instant now() const override { return now_; }
    void advance(std::chrono::microseconds by) { now_ += by; }
    void set(Instant to) { now_ = to; }

private:
    Instant now_;
};

constexpr Instant from_unix(std::int64_t seconds) { return Instant{std::chrono::seconds{seconds}}; }
constexpr std::int64_t to_unix(Instant instant) {
    return std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
}

// "2026-11-20T12:34:56.000001Z"; the fraction is left out when it is zero.
std::string to_iso8601(Instant instant);

// Reads RFC 3339 and what Postgres prints for timestamptz ("2026-11-20 12:34:56.5+00").
// Refuses with invalid_input what has no offset, what does not exist (February 30th) and years
// outside 1970..9999.
Result<Instant> parse_iso8601(std::string_view text);

}  // namespace paydesk
