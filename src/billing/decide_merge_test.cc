#include "billing/decide_merge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace paydesk::billing {
namespace {

constexpr auto less = StateOrder::less;
constexpr auto greater = StateOrder::greater;
constexpr auto equivalent = StateOrder::equivalent;
constexpr auto unordered = StateOrder::unordered;

struct MergeCase {
    const char* name;
    std::optional<Standing> row;
    Incoming incoming;
    bool same_content;
    StateOrder state;
    Merge merge;
    std::int64_t stamp;  // of the row afterwards, where it is written
};

Standing live(std::int64_t at) { return {from_unix(at), false}; }
Standing final_state(std::int64_t at) { return {from_unix(at), true}; }
Standing answered(std::int64_t stamp, std::int64_t at) {
    return {from_unix(stamp), false, from_unix(at)};
}
Incoming event(std::int64_t at, bool is_final = false, bool is_first = false) {
    return {Origin::event, from_unix(at), is_final, is_first};
}
Incoming fetched(std::int64_t at, bool is_final = false) {
    return {Origin::fetched, from_unix(at), is_final, false};
}
Incoming fetched_for_event(std::int64_t at, bool is_final = false) {
    return {Origin::fetched_for_event, from_unix(at), is_final, false};
}

// `at` counts for nothing: the clock has no say.
Incoming compared(bool is_final = false) {
    return {Origin::compared, from_unix(500), is_final, false};
}
Incoming repair(bool is_final = false) { return {Origin::repair, from_unix(500), is_final, false}; }

const MergeCase merge_cases[] = {
    {"compared_lacks", std::nullopt, compared(), false, unordered, Merge::needs_fetch, 0},
    {"compared_equal", live(100), compared(), true, equivalent, Merge::unchanged, 0},
    {"compared_differs", live(900), compared(), false, greater, Merge::needs_fetch, 0},
    {"compared_with_a_tombstone", final_state(100), compared(), false, less, Merge::needs_fetch, 0},
    {"repair_inserts_without_a_stamp", std::nullopt, repair(), false, unordered, Merge::insert, 0},
    {"repair_replaces_and_keeps_the_stamp", live(900), repair(), false, less, Merge::replace, 900},
    {"repair_of_what_is_right", live(900), repair(), true, equivalent, Merge::unchanged, 0},
    {"repair_raises_no_dead", final_state(100), repair(), false, less, Merge::stale, 0},
    {"repair_of_a_tombstones_details", final_state(100), repair(true), false, equivalent,
     Merge::replace, 100},
    {"first_ever", std::nullopt, event(100), false, unordered, Merge::insert, 100},
    {"newer_wins", live(100), event(101), false, unordered, Merge::replace, 101},
    {"newer_moves_the_stamp", live(100), event(101), true, equivalent, Merge::replace, 101},
    {"older_is_stale", live(100), event(99), false, unordered, Merge::stale, 0},
    {"older_and_equal_is_stale", live(100), event(99), true, equivalent, Merge::stale, 0},
    {"same_again", live(100), event(100), true, equivalent, Merge::unchanged, 0},
    {"tie", live(100), event(100), false, unordered, Merge::needs_fetch, 0},
    {"tie_of_one_state", live(100), event(100), false, equivalent, Merge::needs_fetch, 0},
    {"tie_proved_later", live(100), event(100), false, greater, Merge::replace, 100},
    {"tie_proved_earlier", live(100), event(100), false, less, Merge::stale, 0},
    {"tie_with_the_created_event", live(100), event(100, false, true), false, unordered,
     Merge::stale, 0},
    {"state_proves_nothing_if_newer", live(100), event(101), false, less, Merge::replace, 101},
    {"tombstone_holds_newer", final_state(100), event(200), false, unordered, Merge::stale, 0},
    {"tombstone_holds_fetched", final_state(100), fetched_for_event(200), false, unordered,
     Merge::stale, 0},
    {"final_wins_though_older", live(100), event(90, true), false, greater, Merge::replace, 100},
    {"final_wins_a_tie", live(100), event(100, true), false, greater, Merge::replace, 100},
    {"final_again_newer_details", final_state(100), event(110, true), false, equivalent,
     Merge::replace, 110},
    {"final_again_older_details", final_state(100), event(90, true), false, equivalent,
     Merge::stale, 0},
    {"another_final_state", final_state(100), event(110, true), false, unordered, Merge::stale, 0},
    {"fetched_moves_no_stamp", live(100), fetched(170), false, unordered, Merge::replace, 100},
    {"fetched_before_the_row", live(100), fetched(99), false, unordered, Merge::stale, 0},
    {"fetched_without_a_row", std::nullopt, fetched(170), false, unordered, Merge::insert, 0},
    {"overtaken_by_an_answer", answered(100, 110), event(105), false, equivalent,
     Merge::needs_fetch, 0},
    {"overtaken_in_the_answers_second", answered(100, 110), event(110), false, unordered,
     Merge::needs_fetch, 0},
    {"what_the_answer_said", answered(100, 110), event(110), true, equivalent, Merge::replace, 110},
    {"newer_than_the_answer", answered(100, 110), event(111), false, unordered, Merge::replace,
     111},
    {"overtaken_created", answered(0, 110), event(109, false, true), false, unordered, Merge::stale,
     0},
    {"overtaken_proved_earlier", answered(0, 110), event(109), false, less, Merge::stale, 0},
    {"overtaken_proved_later", answered(100, 110), event(109), false, greater, Merge::replace, 109},
    {"overtaken_and_older_than_the_row", answered(100, 110), event(99), false, unordered,
     Merge::stale, 0},
    {"overtaken_final_wins", answered(100, 110), event(105, true), false, greater, Merge::replace,
     105},
    {"fetched_for_an_overtaken_one", answered(100, 110), fetched_for_event(105), false, unordered,
     Merge::replace, 105},
    {"fetched_for_a_tie", live(100), fetched_for_event(100), false, unordered, Merge::replace, 100},
    {"fetched_for_a_tie_same", live(100), fetched_for_event(100), true, equivalent, Merge::replace,
     100},
};

TEST(DecideMerge, Table) {
    for (const auto& c : merge_cases) {
        SCOPED_TRACE(c.name);
        const Merge merge = decide_merge(c.row, c.incoming, c.same_content, c.state);
        EXPECT_EQ(merge, c.merge);
        if (merge == Merge::insert || merge == Merge::replace) {
            EXPECT_EQ(to_unix(stamp_after(c.row, c.incoming)), c.stamp);
        }
    }
}

TEST(DecideMerge, OnlyAnAnswerSaysWhenWasAskedAndItNeverGoesBack) {
    EXPECT_FALSE(answered_after(std::nullopt, event(100)));
    EXPECT_EQ(answered_after(std::nullopt, fetched(100)), from_unix(100));
    EXPECT_EQ(answered_after(answered(90, 100), event(120)), from_unix(100));
    EXPECT_EQ(answered_after(answered(90, 100), fetched_for_event(120)), from_unix(100));
    EXPECT_EQ(answered_after(answered(90, 100), repair()), from_unix(100));
    EXPECT_EQ(answered_after(answered(90, 100), fetched(120)), from_unix(120));
    EXPECT_EQ(answered_after(answered(90, 100), fetched(95)), from_unix(100));
}

// The life of one subscription by tools/merge_rules_model.py: two ties, one tombstone. A model of the
// row only, so that all orders with one redelivery anywhere can be enumerated.
struct ModelEvent {
    int state;  // 0 incomplete, 1 active, 2 past_due, 3 canceled
    std::int64_t at;
    bool first;
};
constexpr ModelEvent life[] = {
    {0, 100, true },
    {1, 100, false},
    {2, 200, false},
    {1, 200, false},
    {3, 300, false}
};

struct ModelRow {
    int state;
    std::int64_t at;
};

void deliver(std::optional<ModelRow>& row, const ModelEvent& e, int truth) {
    std::optional<Standing> standing;
    if (row) standing = Standing{from_unix(row->at), row->state == 3};
    const auto order = [&](int incoming) {
        if (!row || incoming == row->state) return equivalent;
        return incoming == 0 ? less : row->state == 0 ? greater : unordered;
    };
    Incoming in = event(e.at, e.state == 3, e.first);
    Merge merge = decide_merge(standing, in, row && row->state == e.state, order(e.state));
    int state = e.state;
    if (merge == Merge::needs_fetch) {
        state = truth;
        in = fetched_for_event(e.at, truth == 3);
        merge = decide_merge(standing, in, row->state == truth, order(truth));
    }
    if (merge == Merge::insert || merge == Merge::replace) {
        row = ModelRow{state, to_unix(stamp_after(standing, in))};
    }
}

TEST(DecideMerge, EveryOrderOfALifeEndsAlike) {
    // Whole, and each beginning of it: the truth is what the last event that happened says.
    for (std::size_t length = 1; length <= std::size(life); ++length) {
        const int truth = life[length - 1].state;
        std::vector<std::size_t> order(length);
        std::iota(order.begin(), order.end(), 0U);
        do {
            for (std::size_t again = 0; again <= length; ++again) {
                std::optional<ModelRow> row;
                for (const std::size_t i : order) deliver(row, life[i], truth);
                if (again < length) deliver(row, life[again], truth);
                ASSERT_EQ(row->state, truth) << "of " << length << " events";
            }
        } while (std::ranges::next_permutation(order).found);
    }
}

}  // namespace
}  // namespace paydesk::billing
