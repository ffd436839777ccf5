#pragma once
// One thing that was used: what may be recorded once it has been checked (event_input.h).

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/ids.h"

namespace paydesk::usage {

inline constexpr std::size_t batch_events_max = 1'000;
inline constexpr std::size_t key_bytes_max = 255;
inline constexpr std::size_t unique_value_bytes_max = 255;
inline constexpr std::size_t metadata_bytes_max = 4 * 1024;
inline constexpr std::int64_t quantity_max = 1'000'000'000'000'000;  // of one event
inline constexpr std::chrono::minutes future_max{5};
// Of the past, unless the server says otherwise. As Stripe's meters.
inline constexpr std::chrono::days past_max_default{35};

struct Event {
    AccountId account;
    std::string metric;
    // Counts once for ever, together with the day (UTC) of occurred_at. An undated key came without any
    // time, so that its day is that of its arrival: it counts once for ever by itself.
    std::string key;
    bool is_undated = false;
    Decimal quantity;
    std::optional<std::string> unique_value = {};  // of a metric that counts distinct values
    Instant occurred_at;
    std::optional<std::string> metadata = {};  // a JSON object

    friend bool operator==(const Event&, const Event&) = default;
};

// A billing period: [start, end).
struct Period {
    Instant start, end;
    friend bool operator==(const Period&, const Period&) = default;
};

}  // namespace paydesk::usage
