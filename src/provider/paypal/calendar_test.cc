#include "provider/paypal/calendar.h"

#include <gtest/gtest.h>

#include <random>

namespace paydesk::provider::paypal {
namespace {

Instant at(const char* text) { return *parse_iso8601(text); }

struct Case {
    const char* anchor;
    Unit unit;
    std::int64_t count;
    const char* then;
};

TEST(PayPalCalendar, MonthsEndOnTheirLastDay) {
    for (const Case& c : {
             Case{"2026-01-31T10:00:00Z", Unit::month, 1,  "2026-02-28T10:00:00Z"},
             Case{"2026-01-31T10:00:00Z", Unit::month, 2,  "2026-03-31T10:00:00Z"},
             Case{"2028-01-31T10:00:00Z", Unit::month, 1,  "2028-02-29T10:00:00Z"},
             Case{"2026-01-31T10:00:00Z", Unit::month, 3,  "2026-04-30T10:00:00Z"},
             Case{"2026-12-15T23:59:59Z", Unit::month, 1,  "2027-01-15T23:59:59Z"},
             Case{"2026-03-31T00:00:00Z", Unit::month, -1, "2026-02-28T00:00:00Z"},
             Case{"2028-02-29T12:00:00Z", Unit::year,  1,  "2029-02-28T12:00:00Z"},
             Case{"2028-02-29T12:00:00Z", Unit::year,  4,  "2032-02-29T12:00:00Z"},
             Case{"2026-06-01T00:00:00Z", Unit::week,  2,  "2026-06-15T00:00:00Z"},
             Case{"2026-06-01T06:30:00Z", Unit::day,   -1, "2026-05-31T06:30:00Z"},
    }) {
        EXPECT_EQ(to_iso8601(after(at(c.anchor), c.unit, c.count)), c.then) << c.anchor;
    }
}

// Every moment lies in exactly one step.
TEST(PayPalCalendar, StepsCoverTime) {
    const char* given = std::getenv("PAYDESK_SEED");
    const auto seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    SCOPED_TRACE("PAYDESK_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int i = 0; i < 2'000; ++i) {
        const Grid grid{
            from_unix(1'700'000'000 + static_cast<std::int64_t>(random() % 100'000'000)),
            static_cast<Unit>(random() % 4), static_cast<std::int64_t>(1 + random() % 12)};
        const Instant moment =
            from_unix(1'600'000'000 + static_cast<std::int64_t>(random() % 400'000'000));
        const auto step = grid.step_of(moment);
        EXPECT_LE(grid.start_of(step), moment);
        EXPECT_GT(grid.start_of(step + 1), moment);
        EXPECT_EQ(grid.step_of(grid.start_of(step)), step);
    }
}

TEST(PayPalCalendar, DateText) { EXPECT_EQ(date_text(at("2026-06-01T23:59:59Z")), "2026-06-01"); }

}  // namespace
}  // namespace paydesk::provider::paypal
