#include "usage/usage.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <random>

#include "db/blocking_connection.h"
#include "usage/count_events.h"
#include "usage/test_usage.h"

namespace paydesk::usage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using Play = TestUsage::Play;

class UsageTest : public testing::Test, public TestUsage {
protected:
    ~UsageTest() override { expect_sound(); }

    std::string total(const AccountId& account, const std::string& metric,
                      const std::string& what = "quantity") const {
        return one("select coalesce(string_agg(" + what +
                   "::text, ' ' order by period_start), '') from "
                   "paydesk.usage_totals where account_id = '" +
                   account.value + "' and metric = '" + metric + "'");
    }
    std::string records() const { return one("select count(*) from paydesk.usage_records"); }
};

TEST_F(UsageTest, AnEventCountsOnceHoweverOftenItIsSent) {
    play([](Play& play) -> Task<> {
        const Event first = event(ann, "api_calls", "k1", "2.5");
        auto answers = co_await play.record({first});
        EXPECT_EQ(answers[0].outcome, Outcome::recorded);
        EXPECT_EQ(answers[0].period->start, from_unix(1'793'491'200));  // a free user's month
        EXPECT_EQ(answers[0].period->end, from_unix(1'796'083'200));
        answers = co_await play.record({first});
        EXPECT_EQ(answers[0].outcome, Outcome::duplicate);
        EXPECT_EQ(answers[0].period->start, from_unix(1'793'491'200));
        // Within one batch, and beside others; another content under the key; another account's same key.
        Event other = first;
        other.quantity = Decimal::from_int(3);
        answers = co_await play.record({event(ann, "api_calls", "k2"), first, other,
                                        event(bob, "api_calls", "k1"),
                                        event(ann, "api_calls", "k2"), event(ann, "logins", "k2")});
        using enum Outcome;
        const std::vector<Outcome> expected{recorded, duplicate, conflict,
                                            recorded, duplicate, conflict};
        for (std::size_t i = 0; i < expected.size(); ++i)
            EXPECT_EQ(answers[i].outcome, expected[i]) << i;
    });
    EXPECT_EQ(total(ann, "api_calls"), "3.5");
    EXPECT_EQ(total(bob, "api_calls"), "1");
    EXPECT_EQ(records(), "3");
}

TEST_F(UsageTest, AnUndatedKeyCountsOnceForEver) {
    play([this](Play& play) -> Task<> {
        Event undated = event(ann, "api_calls", "order-17");
        undated.is_undated = true;
        Event later = undated;
        later.occurred_at += hours(14);  // tomorrow, in the same commit
        auto answers = co_await play.record({undated, later});
        EXPECT_EQ(answers[0].outcome, Outcome::recorded);
        EXPECT_EQ(answers[1].outcome, Outcome::duplicate);
        clock_.advance(days(90));
        later.occurred_at = clock_.now();
        answers = co_await play.record({later});
        EXPECT_EQ(answers[0].outcome, Outcome::duplicate);
        EXPECT_EQ(answers[0].period->start, from_unix(1'793'491'200));
        later.quantity = Decimal::from_int(2);
        answers = co_await play.record({later});
        EXPECT_EQ(answers[0].outcome, Outcome::conflict);
    });
    EXPECT_EQ(total(ann, "api_calls"), "1");
}

TEST_F(UsageTest, TheSameBatchFrom32ConnectionsAtOnceIsCountedOnce) {
    play([](Play& play) -> Task<> {
        // Nodes of their own: nothing in memory is shared.
        std::vector<std::unique_ptr<db::Database>> databases;
        std::vector<std::unique_ptr<Usage>> nodes;
        for (int i = 0; i < 4; ++i) {
            databases.push_back(std::make_unique<db::Database>(
                play.io, db::Options{.url = play.test.database_.server_url(), .pipelines = 8}));
            co_await databases.back()->ready(std::chrono::seconds(10));
            nodes.push_back(std::make_unique<Usage>(play.io, *databases.back(), play.test.clock_));
        }
        std::vector<Event> batch;
        for (int i = 0; i < 200; ++i) {
            batch.push_back(
                event(i % 3 ? ann : bob, i % 5 ? "api_calls" : "people", "k" + std::to_string(i)));
            if (i % 5 == 0) batch.back().unique_value = "u" + std::to_string(i % 20);
        }
        std::size_t recorded = 0, duplicates = 0;
        co_await play.together(32, [&](int i) -> Task<> {
            auto mine = batch;
            std::ranges::shuffle(mine, std::mt19937(static_cast<unsigned>(i)));
            for (const auto& answer :
                 co_await nodes[static_cast<std::size_t>(i % 4)]->sink.record(mine)) {
                recorded += answer.outcome == Outcome::recorded;
                duplicates += answer.outcome == Outcome::duplicate;
            }
        });
        EXPECT_EQ(recorded, 200U);
        EXPECT_EQ(duplicates, 31U * 200U);
        for (auto& node : nodes)
            while (!node->thresholds.is_idle())
                co_await sleep_for(play.io, std::chrono::milliseconds(1));
        for (auto& database : databases) database->stop();
    });
    EXPECT_EQ(records(), "200");
}

TEST_F(UsageTest, EveryAggregation) {
    play([](Play& play) -> Task<> {
        std::vector<Event> events;
        const auto add = [&](const char* metric, const char* quantity, int minute,
                             const char* value = nullptr) {
            events.push_back(event(ann, metric, "k" + std::to_string(events.size()), quantity,
                                   start + minutes(minute)));
            if (value != nullptr) events.back().unique_value = value;
        };
        add("api_calls", "0.1", 0), add("api_calls", "0.2", 1), add("api_calls", "-0.05", 2);
        add("logins", "7", 0), add("logins", "1", 0);
        add("seats", "3", 0), add("seats", "9", 1), add("seats", "4", 2);
        add("storage_gb", "45", 5), add("storage_gb", "12", -60), add("storage_gb", "44.5", 5);
        add("people", "1", 0, "u1"), add("people", "1", 0, "u2"), add("people", "1", 90, "u1");
        co_await play.record(events);
        // Late: neither the last nor a new value.
        events.clear();
        events.push_back(event(ann, "storage_gb", "late", "99", start - hours(2)));
        events.push_back(event(ann, "people", "again", "1", start - hours(2)));
        events.back().unique_value = "u2";
        co_await play.record(events);
    });
    EXPECT_EQ(total(ann, "api_calls"), "0.25");
    EXPECT_EQ(total(ann, "logins", "events"), "2");
    EXPECT_EQ(total(ann, "seats", "maximum"), "9");
    EXPECT_EQ(total(ann, "storage_gb", "last_value"), "45");
    EXPECT_EQ(total(ann, "people", "uniques"), "2");
}

TEST_F(UsageTest, AnEventFallsIntoTheBillingPeriodOfItsTime) {
    const Instant third = start - days(2), second = third - days(30), first = second - days(31);
    subscribe(ann, first, second);
    subscribe(ann, second, third);            // renewed
    subscribe(ann, third, third + days(30));  // and again
    play([&](Play& play) -> Task<> {
        const auto answers = co_await play.record(
            {event(ann, "api_calls", "now", "1"),
             event(ann, "api_calls", "late", "10", third - minutes(1)),
             event(ann, "api_calls", "edge", "100", third),
             event(ann, "api_calls", "later", "1000", second - hours(1)),
             // The renewal is not told yet: the next period begins where this one ends.
             event(ann, "api_calls", "next", "10000", third + days(30)),
             // Nobody's subscription began before this: a calendar month, until it does.
             event(ann, "api_calls", "before", "5", first - minutes(1))});
        EXPECT_EQ(answers[0].period, (Period{third, third + days(30)}));
        EXPECT_EQ(answers[1].period, (Period{second, third}));
        EXPECT_EQ(answers[2].period, (Period{third, third + days(30)}));
        EXPECT_EQ(answers[3].period, (Period{first, second}));
        EXPECT_EQ(answers[4].period->start, third + days(30));
        EXPECT_EQ(answers[5].period->end, first);
        EXPECT_FALSE(answers[1].is_late);
    });
    subscribe(ann, third + days(30), third + days(61));  // now it is: the same period
    play([&](Play& play) -> Task<> {
        const auto answers =
            co_await play.record({event(ann, "api_calls", "then", "1", third + days(31))});
        EXPECT_EQ(answers[0].period, (Period{third + days(30), third + days(61)}));
    });
    EXPECT_EQ(total(ann, "api_calls"), "5 1000 10 101 10001");
    EXPECT_EQ(total(ann, "api_calls", "coalesce(plan_key, 'none')"), "none pro pro pro pro");
}

TEST_F(UsageTest, APeriodThatIsCutShortEndsThere) {
    const Instant from = start - days(10);
    subscribe(ann, from, from + days(30));
    database_.run("update paydesk.subscriptions set status = 'canceled', ended_at = $1",
                  {db::param(start)});
    play([&](Play& play) -> Task<> {
        const auto answers =
            co_await play.record({event(ann, "api_calls", "in", "1", start - minutes(1)),
                                  event(ann, "api_calls", "after", "2", start)});
        EXPECT_EQ(answers[0].period, (Period{from, start}));
        // Free again, from then to the month's end.
        EXPECT_EQ(answers[1].period, (Period{start, from_unix(1'796'083'200)}));
    });
    EXPECT_EQ(total(ann, "api_calls", "coalesce(plan_key, 'none')"), "pro none");
}

TEST_F(UsageTest, WhatComesAfterTheInvoiceIsLate) {
    const Instant third = start - days(2), second = third - days(30);
    subscribe(ann, second, third);
    subscribe(ann, third, third + days(30));
    const auto invoice = [&](const char* status) {
        database_.run(R"(
            insert into paydesk.invoices (account_id, id, provider, provider_invoice_id, provider_subscription_id,
                status, currency, amount_due, amount_paid, billing_reason, period_start, period_end, provider_stamp, created_at)
            values ($1, md5('in_1')::uuid, 'stripe', 'in_1', 'sub_1', $2, 'usd', 0, 0, 'subscription_cycle', $3, $4, $4, $4)
            on conflict (account_id, provider, provider_invoice_id) do update set status = excluded.status)",
                      {ann.value, status, db::param(second), db::param(third)});
    };
    invoice("draft");
    play([&](Play& play) -> Task<> {
        EXPECT_FALSE(
            (co_await play.record({event(ann, "api_calls", "a", "1", third - hours(1))}))[0]
                .is_late);
        invoice("open");
        EXPECT_TRUE((co_await play.record({event(ann, "api_calls", "b", "1", third - hours(1))}))[0]
                        .is_late);
        EXPECT_FALSE((co_await play.record({event(ann, "api_calls", "c", "1")}))[0].is_late);
        EXPECT_TRUE((co_await play.record({event(ann, "api_calls", "b", "1", third - hours(1))}))[0]
                        .is_late);
    });
    EXPECT_EQ(total(ann, "api_calls", "late_events"), "1 0");
}

// Anchors on the 29th to 31st, and a year.
TEST_F(UsageTest, AnchorsAtTheEndOfMonthsAndYears) {
    const auto at = [](const char* text) { return parse_iso8601(text).value(); };
    clock_.set(at("2026-03-31T12:00:00Z"));
    subscribe(ann, at("2026-01-31T10:00:00Z"), at("2026-02-28T10:00:00Z"));
    subscribe(ann, at("2026-02-28T10:00:00Z"), at("2026-03-31T10:00:00Z"));
    subscribe(bob, at("2025-12-30T00:00:00Z"), at("2026-12-30T00:00:00Z"), "pro", "sub_2");
    play([&](Play& play) -> Task<> {
        const auto answers = co_await play.record(
            {event(ann, "api_calls", "a", "1", at("2026-02-28T09:59:59.999999Z")),
             event(ann, "api_calls", "b", "1", at("2026-02-28T10:00:00Z")),
             event(ann, "api_calls", "c", "1", at("2026-03-31T10:00:00Z")),
             event(bob, "api_calls", "a", "1", at("2026-02-28T10:00:00Z"))});
        EXPECT_EQ(answers[0].period->start, at("2026-01-31T10:00:00Z"));
        EXPECT_EQ(answers[1].period->end, at("2026-03-31T10:00:00Z"));
        EXPECT_EQ(answers[2].period->start, at("2026-03-31T10:00:00Z"));
        EXPECT_EQ(answers[3].period->end, at("2026-12-30T00:00:00Z"));
    });
}

TEST_F(UsageTest, ALimitOf1000With64AtOnceAllowsExactly1000) {
    play([](Play& play) -> Task<> {
        db::Database other_db(play.io, {.url = play.test.database_.server_url()});
        co_await other_db.ready(std::chrono::seconds(10));
        Usage other(play.io, other_db, play.test.clock_);
        int allowed = 0, refused = 0;
        co_await play.together(64, [&](int i) -> Task<> {
            Consumption& mine = i % 2 ? play.usage.consumption : other.consumption;
            for (int n = 0; n < 20; ++n) {
                const auto answer = co_await mine.consume(
                    event(ann, "api_calls", std::to_string(i) + "-" + std::to_string(n)));
                (answer.allowed ? allowed : refused) += 1;
                EXPECT_EQ(answer.limit, 1000);
            }
        });
        EXPECT_EQ(allowed, 1000);
        EXPECT_EQ(refused, 280);
        // A key that was allowed says so again; one that was refused may ask again, and another account may.
        const auto last = co_await play.usage.consumption.consume(event(ann, "api_calls", "new"));
        EXPECT_FALSE(last.allowed);
        EXPECT_EQ(last.used, Decimal::from_int(1000));
        EXPECT_TRUE(
            (co_await play.usage.consumption.consume(event(bob, "api_calls", "new"))).allowed);
        const auto again = co_await play.usage.consumption.consume(event(bob, "api_calls", "new"));
        EXPECT_TRUE(again.allowed && again.replayed);
        EXPECT_EQ(again.used, Decimal::from_int(1));
        EXPECT_TRUE((co_await play.usage.consumption.consume(event(bob, "api_calls", "new", "2")))
                        .conflict);
        while (!other.thresholds.is_idle())
            co_await sleep_for(play.io, std::chrono::milliseconds(1));
        other_db.stop();
    });
    EXPECT_EQ(total(ann, "api_calls"), "1000");
    EXPECT_EQ(records(), "1001");
}

TEST_F(UsageTest, ConsumingIsJudgedByTheMetricsOwnAggregation) {
    play([](Play& play) -> Task<> {
        const auto person = [&](const char* key, const char* value) -> Task<bool> {
            Event one = event(ann, "people", key);
            one.unique_value = value;
            co_return (co_await play.usage.consumption.consume(one)).allowed;
        };
        EXPECT_TRUE(co_await person("1", "u1"));
        EXPECT_TRUE(co_await person("2", "u2"));
        EXPECT_TRUE(co_await person("3", "u1"));
        EXPECT_TRUE(co_await person("4", "u3"));
        EXPECT_FALSE(co_await person("5", "u4"));
        EXPECT_TRUE(co_await person("6", "u3"));
        EXPECT_TRUE(
            (co_await play.usage.consumption.consume(event(ann, "seats", "a", "5"))).allowed);
        EXPECT_FALSE(
            (co_await play.usage.consumption.consume(event(ann, "seats", "b", "6"))).allowed);
        EXPECT_TRUE(
            (co_await play.usage.consumption.consume(event(ann, "seats", "c", "2"))).allowed);
        // No limit in the plan: unlimited.
        EXPECT_TRUE((co_await play.usage.consumption.consume(event(ann, "logins", "l"))).allowed);
    });
    EXPECT_EQ(total(ann, "people", "uniques"), "3");
}

TEST_F(UsageTest, ThresholdsAreToldOncePerPeriod) {
    const auto told = [&] {
        return one(
            "select coalesce(string_agg(type, ' ' order by type desc), '') from "
            "paydesk.notifications");
    };
    play([&](Play& play) -> Task<> {
        co_await play.record({event(ann, "api_calls", "a", "799")});
        co_await play.settle();
        EXPECT_EQ(told(), "");
        co_await play.record({event(ann, "api_calls", "b", "1")});
        co_await play.settle();
        EXPECT_EQ(told(), "usage_limit_near");
        co_await play.record({event(ann, "api_calls", "c", "150")});
        co_await play.record({event(ann, "api_calls", "d", "50")});
        co_await play.record({event(ann, "api_calls", "e", "50")});
        co_await play.settle();
        EXPECT_EQ(told(), "usage_limit_reached usage_limit_near");
        // Another month, another warning.
        co_await play.record({event(ann, "api_calls", "f", "900", start - days(30))});
        co_await play.settle();
        EXPECT_EQ(told(), "usage_limit_reached usage_limit_near usage_limit_near");
    });
    EXPECT_EQ(total(ann, "api_calls", "notified_percent"), "80 100");
}

// The server died after the commit and before it told anybody.
TEST_F(UsageTest, AThresholdThatACrashSwallowedIsFoundAgain) {
    const auto told = [&] {
        return one(
            "select coalesce(string_agg(account_id || ' ' || type, ', ' order by account_id), '') "
            "from paydesk.notifications");
    };
    subscribe(bob, start - days(2), start + days(28));
    play([&](Play& play) -> Task<> {
        const record_store::Run run = [&](db::Statement statement, db::Params params) {
            return play.db.run(statement, std::move(params));
        };
        const std::vector<Event> events = {
            event(ann, "api_calls", "a", "800"), event(ann, "people", "b"),
            event(bob, "api_calls", "c", "100000"), event(bob, "logins", "d")};
        std::vector<const Event*> given;
        for (const Event& one : events) given.push_back(&one);
        co_await make_partitions(play.db, start, start);
        const auto metrics = co_await play.usage.metrics.current();
        co_await count_events(run, given, metrics, start);
        EXPECT_EQ(told(), "");

        const auto find = [&](Instant now) {
            return play.usage.thresholds.tell_missed(metrics, now);
        };
        EXPECT_EQ(co_await find(start + days(40)), 0U) << "those periods are over";
        EXPECT_EQ(co_await find(start), 2U);
        EXPECT_EQ(told(), ann.value + " usage_limit_near, " + bob.value + " usage_limit_reached");
        EXPECT_EQ(co_await find(start), 0U);
        co_await play.record({event(ann, "api_calls", "e", "1")});
        co_await play.settle();
    });
    EXPECT_EQ(told(), ann.value + " usage_limit_near, " + bob.value + " usage_limit_reached");
}

TEST_F(UsageTest, TooManyAreTurnedAwayAndNothingOfThemIsRecorded) {
    play([](Play& play) -> Task<> {
        std::size_t refused = 0, recorded = 0;
        co_await play.together(30, [&](int i) -> Task<> {
            std::vector<Event> batch;
            for (int n = 0; n < 1'000; ++n)
                batch.push_back(
                    event(ann, "api_calls", std::to_string(i) + "-" + std::to_string(n)));
            try {
                recorded += (co_await play.record(std::move(batch))).size();
            } catch (const Unavailable&) {
                ++refused;
            }
        });
        EXPECT_EQ(refused, 10U);
        EXPECT_EQ(recorded, sink_queue_events_max);
    });
    EXPECT_EQ(total(ann, "api_calls"), "20000");
}

TEST_F(UsageTest, PartitionsAreMadeAheadAndDroppedWhenNobodyNeedsThem) {
    const auto count = [&] {
        return one(
            "select count(*) from pg_class where relnamespace = 'paydesk_usage'::regnamespace and "
            "relkind = 'r'");
    };
    // The database's own clock decides that recent days are kept.
    const Instant now = SystemClock{}.now();
    clock_.set(now);
    subscribe(ann, now - days(160), now - days(130));
    play([&](Play& play) -> Task<> {
        co_await make_partitions_ahead(play.db, now, {});
        EXPECT_EQ(count(), "43");
        co_await make_partitions_ahead(play.db, now, {});
        EXPECT_EQ(count(), "43");
        co_await make_partitions(play.db, now - days(140), now - days(120));
        EXPECT_EQ(co_await drop_partitions(play.db, now, {}), 21);
        EXPECT_EQ(co_await drop_partitions(play.db, now + days(1'000),
                                           {.past_max = days(1), .keep = days(1)}),
                  27);
        EXPECT_EQ(count(), "16");
    });
    // A period that is not invoiced keeps its days.
    subscribe(ann, now - days(50), now - days(20));
    play([&](Play& play) -> Task<> {
        co_await make_partitions(play.db, now - days(60), now - days(10));
        const auto dropped = co_await drop_partitions(play.db, now + days(1'000),
                                                      {.past_max = days(1), .keep = days(1)});
        EXPECT_EQ(dropped, 51 - 31);
    });
}

// Whatever comes, in whatever order, twice, late and at the same time from two nodes: the roll-ups are a recount's.
TEST(UsageProperty, RollUpsEqualARecount) {
    TestUsage test;
    const Instant third = start - days(2);
    test.subscribe(ann, third - days(30), third);
    test.subscribe(ann, third, third + days(30));
    const std::vector<std::string> names{"api_calls", "logins", "seats", "storage_gb", "people"};
    const auto any_event = rc::gen::exec([&] {
        const auto metric = *rc::gen::elementOf(names);
        Event event = TestUsage::event(*rc::gen::element(ann, bob), metric,
                                       "k" + std::to_string(*rc::gen::inRange(0, 60)), "1",
                                       start - minutes(*rc::gen::inRange(-4, 6'000)));
        const auto quantity = *rc::gen::inRange(metric == "api_calls" ? -500 : 1, 5'000);
        event.quantity = Decimal::parse(std::to_string(quantity / 100) + "." +
                                        std::to_string(10 + std::abs(quantity) % 90))
                             .value();
        event.is_undated = *rc::gen::inRange(0, 8) == 0;
        if (metric == "people") event.unique_value = "u" + std::to_string(*rc::gen::inRange(0, 12));
        return event;
    });
    const bool holds = rc::check([&] {
        test.database_.script(
            "alter table paydesk.usage_records disable trigger user; "
            "alter table paydesk.usage_totals disable trigger user; "
            "truncate paydesk.usage_records, paydesk.usage_totals, paydesk.usage_hours, "
            "paydesk.usage_uniques, paydesk.usage_undated_keys; "
            "alter table paydesk.usage_totals enable trigger user; "
            "alter table paydesk.usage_records enable trigger user;");
        const auto batches = *rc::gen::container<std::vector<std::vector<Event>>>(
            *rc::gen::inRange<std::size_t>(1, 6),
            rc::gen::container<std::vector<Event>>(any_event));
        test.play([&](Play& play) -> Task<> {
            db::Database other_db(play.io, {.url = test.database_.server_url()});
            co_await other_db.ready(std::chrono::seconds(10));
            Usage other(play.io, other_db, test.clock_);
            co_await play.together(static_cast<int>(batches.size()), [&](int i) -> Task<> {
                Usage& mine = i % 2 ? play.usage : other;
                co_await mine.sink.record(batches[static_cast<std::size_t>(i)]);
                co_await mine.sink.record(batches[static_cast<std::size_t>(i)]);
            });
            while (!other.thresholds.is_idle())
                co_await sleep_for(play.io, std::chrono::milliseconds(1));
            other_db.stop();
        });
        test.expect_sound();
        RC_ASSERT(!testing::Test::HasFailure());
    });
    EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace paydesk::usage
