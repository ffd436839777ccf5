#pragma once
// The merge rule: does this snapshot replace the row? Pure; apply_change.h says the rule in words,
// decide_merge_test.cc has it as a table.

#include <compare>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace paydesk::billing {

enum class Merge : std::uint8_t { insert, replace, unchanged, stale, needs_fetch };

enum class Origin : std::uint8_t {
    event,              // told by the provider, under the provider's clock
    fetched,            // asked for by us: `occurred_at` is our clock's, and moves no stamp
    fetched_for_event,  // asked for because of needs_fetch, and the row has not moved since
    compared,  // found by a sweep: replaces nothing, and asks where the row differs or lacks
    asked,  // asked for by us, of what no event tells whole (PayPal): only answers order it, by our clock
    repair,  // what a sweep then applies: the row has not moved since; moves no stamp
};

struct Incoming {
    Origin origin = Origin::event;
    Instant occurred_at;
    bool is_final = false;
    // An object's `.created` event: no other snapshot of it can be earlier.
    bool is_first = false;
};

struct Standing {
    Instant stamp;
    bool is_final = false;
    // When the provider was asked last for what the row says: no event from before that knows better.
    std::optional<Instant> answered_at = {};
};

// What the two states alone prove of the incoming snapshot against the row: less is earlier, greater
// is later, equivalent and unordered prove nothing.
using StateOrder = std::partial_ordering;

// `same_content` and `state` are looked at only where they matter; same_content only when the stamps
// are equal, an answer has overtaken the event, a sweep asks or nothing but answers tell. Two different final states cannot both be true: the first stays, as `unordered` says.
Merge decide_merge(const std::optional<Standing>& row, const Incoming& incoming, bool same_content,
                   StateOrder state);

// The row's stamp after an insert or replace. It never goes back.
Instant stamp_after(const std::optional<Standing>& row, const Incoming& incoming);

// When the provider was asked last, after an insert or replace.
std::optional<Instant> answered_after(const std::optional<Standing>& row, const Incoming& incoming);

}  // namespace paydesk::billing
