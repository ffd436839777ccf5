#include "billing/decide_merge.h"

#include <algorithm>

namespace paydesk::billing {

Merge decide_merge(const std::optional<Standing>& row, const Incoming& incoming, bool same_content,
                   StateOrder state) {
    if (incoming.origin == Origin::compared) {
        return row && same_content ? Merge::unchanged : Merge::needs_fetch;
    }
    if (!row) return Merge::insert;

    // Tombstones first: they do not ask for the time.
    if (row->is_final && !incoming.is_final) return Merge::stale;
    if (row->is_final && state == StateOrder::unordered) return Merge::stale;
    if (!row->is_final && incoming.is_final) return Merge::replace;

    switch (incoming.origin) {
        case Origin::fetched_for_event:
            return Merge::replace;
        case Origin::repair:
            return same_content ? Merge::unchanged : Merge::replace;
        case Origin::asked:
            if (same_content) return Merge::unchanged;
            [[fallthrough]];
        case Origin::fetched:
            return incoming.occurred_at >= row->stamp ? Merge::replace : Merge::stale;
        case Origin::compared:
        case Origin::event:
            break;
    }
    if (incoming.occurred_at < row->stamp) return Merge::stale;
    const bool is_tie = incoming.occurred_at == row->stamp;
    const bool is_overtaken = row->answered_at && incoming.occurred_at <= *row->answered_at;
    if (!is_tie && !is_overtaken) return Merge::replace;
    if (same_content) return is_tie ? Merge::unchanged : Merge::replace;
    if (incoming.is_first || state == StateOrder::less) return Merge::stale;
    if (state == StateOrder::greater) return Merge::replace;
    return Merge::needs_fetch;
}

Instant stamp_after(const std::optional<Standing>& row, const Incoming& incoming) {
    // An answer about what events do not tell is ordered among answers; any other fetched one must not hold off the events that led to it, by a clock that is not theirs.
    const bool moves_the_stamp = incoming.origin == Origin::event ||
                                 incoming.origin == Origin::fetched_for_event ||
                                 incoming.origin == Origin::asked;
    const Instant before = row ? row->stamp : from_unix(0);
    return moves_the_stamp ? std::max(before, incoming.occurred_at) : before;
}

std::optional<Instant> answered_after(const std::optional<Standing>& row,
                                      const Incoming& incoming) {
    const auto before = row ? row->answered_at : std::nullopt;
    if (incoming.origin != Origin::fetched) return before;
    return before ? std::max(*before, incoming.occurred_at) : incoming.occurred_at;
}

}  // namespace paydesk::billing
