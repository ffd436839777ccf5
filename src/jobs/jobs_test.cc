#include <gtest/gtest.h>

#include <map>

#include "db/test_database.h"
#include "jobs/queue.h"
#include "jobs/runner.h"

namespace paydesk::jobs {
namespace {

using namespace std::chrono_literals;

class Jobs : public testing::Test {
protected:
    void play(std::function<Task<>(asio::io_context&, db::Database&)> body) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            db::Database db(io, {.url = database.server_url()});
            co_await db.ready(10s);
            co_await body(io, db);
            db.stop();
        });
    }
    Task<bool> add(db::Database& db, NewJob job) {
        co_return co_await db.transaction(
            [&](db::Tx& tx) -> Task<bool> { co_return co_await enqueue(tx, job); });
    }
    NewJob job(std::string kind, std::optional<std::string> key = {}) {
        return {.kind = std::move(kind),
                .payload = {{"n", 1}},
                .run_at = clock.now(),
                .unique_key = std::move(key)};
    }
    std::string one(const std::string& sql) {
        const auto rows = database.run("select (" + sql + ")::text as one");
        return std::string(rows.text(0, "one"));
    }
    std::string statuses() {
        return one(
            "select string_agg(status || ' ' || n, ', ' order by status) from (select status, "
            "count(*) as n from paydesk.jobs group by status) s");
    }

    db::TestDatabase database;
    ManualClock clock{from_unix(1'780'000'000)};
};

TEST_F(Jobs, RunsWhatIsDueOnce) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        co_await add(db, job("greet"));
        auto later = job("greet");
        later.run_at += 60s;
        co_await add(db, later);
        co_await add(db, job("unknown_here"));

        std::vector<std::string> payloads;
        Runner runner(io, db, clock);
        runner.handle("greet", [&](Job j) -> Task<Result<void>> {
            payloads.push_back(boost::json::serialize(j.payload));
            co_return Result<void>();
        });
        EXPECT_EQ(co_await runner.run_due(), 1U);
        EXPECT_EQ(co_await runner.run_due(), 0U);
        clock.advance(60s);
        EXPECT_EQ(co_await runner.run_due(), 1U);
        EXPECT_EQ(payloads, (std::vector<std::string>{R"({"n":1})", R"({"n":1})"}));
    });
    EXPECT_EQ(statuses(), "done 2, queued 1") << "another node may know that kind";
}

TEST_F(Jobs, ExistsExactlyWhenItsTransactionHappened) {
    play([&](asio::io_context&, db::Database& db) -> Task<> {
        co_await db.transaction([&](db::Tx& tx) -> Task<Result<void>> {
            co_await enqueue(tx, job("never"));
            co_return Error{ErrorCode::not_found, "rolled back"};
        });
    });
    EXPECT_EQ(one("select count(*) from paydesk.jobs"), "0");
}

TEST_F(Jobs, OneUnfinishedJobPerKey) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        EXPECT_TRUE(co_await add(db, job("sync", "a")));
        EXPECT_FALSE(co_await add(db, job("sync", "a")));
        EXPECT_TRUE(co_await add(db, job("sync", "b")));
        EXPECT_TRUE(co_await add(db, job("other", "a")));
        Runner runner(io, db, clock);
        runner.handle("sync", [](Job) -> Task<Result<void>> { co_return Result<void>(); });
        EXPECT_EQ(co_await runner.run_due(), 2U);
        EXPECT_TRUE(co_await add(db, job("sync", "a"))) << "the first is finished";
    });
}

TEST_F(Jobs, BacksOffThenDiesAndIsRequeued) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        auto flaky = job("flaky", "k");
        flaky.attempts_max = 3;
        co_await add(db, flaky);
        int attempts = 0;
        bool works = false;
        Runner runner(io, db, clock);
        runner.handle("flaky", [&](Job j) -> Task<Result<void>> {
            EXPECT_EQ(j.attempts, works ? 1 : ++attempts);
            if (!works && attempts == 1) throw std::runtime_error("thrown");
            if (!works) co_return Error{ErrorCode::unavailable, "refused", "by a test"};
            co_return Result<void>();
        });
        EXPECT_EQ(co_await runner.run_due(), 1U);
        EXPECT_EQ(one("select last_error from paydesk.jobs"), "thrown");
        EXPECT_EQ(co_await runner.run_due(), 0U) << "it pauses first";
        clock.advance(1s);
        EXPECT_EQ(co_await runner.run_due(), 1U);
        clock.advance(2s);
        EXPECT_EQ(co_await runner.run_due(), 1U);
        EXPECT_EQ(statuses(), "dead 1");
        EXPECT_EQ(one("select last_error from paydesk.jobs"), "refused: by a test");
        clock.advance(24h);
        EXPECT_EQ(co_await runner.run_due(), 0U);

        works = true;
        EXPECT_EQ(co_await requeue_dead(db, "", clock.now()), 1U);
        EXPECT_EQ(co_await runner.run_due(), 1U);
        EXPECT_EQ(statuses(), "done 1");
    });
}

TEST_F(Jobs, WhatCannotSucceedDiesAtOnce) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        co_await add(db, job("bad"));
        Runner runner(io, db, clock);
        runner.handle("bad", [](Job) -> Task<Result<void>> {
            co_return Error{ErrorCode::invalid_input, "nonsense"};
        });
        EXPECT_EQ(co_await runner.run_due(), 1U);
    });
    EXPECT_EQ(statuses(), "dead 1");
}

// A node takes a job and dies. Its lease runs out, another node takes it; the dead one's late word
// counts for nothing.
TEST_F(Jobs, LeaseOfADeadNodeRunsOut) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        co_await add(db, job("slow"));
        int runs = 0;
        Runner second(io, db, clock);
        second.handle("slow", [&](Job j) -> Task<Result<void>> {
            ++runs;
            EXPECT_EQ(j.attempts, 2);
            co_return Result<void>();
        });
        Runner first(io, db, clock);
        first.handle("slow", [&](Job) -> Task<Result<void>> {
            ++runs;
            EXPECT_EQ(co_await second.run_due(), 0U) << "leased";
            clock.advance(61s);
            EXPECT_EQ(co_await second.run_due(), 1U);
            co_return Error{ErrorCode::unavailable, "too late"};
        });
        EXPECT_EQ(co_await first.run_due(), 1U);
        EXPECT_EQ(runs, 2);
    });
    EXPECT_EQ(statuses(), "done 1");
}

TEST_F(Jobs, NodeThatDiesEachTimeIsNoLoop) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        auto poison = job("poison");
        poison.attempts_max = 2;
        co_await add(db, poison);
        Runner runner(io, db, clock);
        runner.handle("poison", [](Job) -> Task<Result<void>> {
            ADD_FAILURE() << "its attempts are used up";
            co_return Result<void>();
        });
        // As two crashes left it.
        database.run("update paydesk.jobs set status = 'running', attempts = 2, locked_until = $1",
                     {db::param(clock.now() - 1s)});
        EXPECT_EQ(co_await runner.run_due(), 0U);
    });
    EXPECT_EQ(statuses(), "dead 1");
}

TEST_F(Jobs, ScheduleRunsOncePerPeriodAmongAllNodes) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        int runs = 0;
        bool fails = false;
        const auto handler = [&](Job) -> Task<Result<void>> {
            ++runs;
            if (fails) co_return Error{ErrorCode::invalid_input, "a bad day"};
            co_return Result<void>();
        };
        Runner one(io, db, clock), two(io, db, clock);
        one.every("hourly", 1h, handler);
        two.every("hourly", 1h, handler);
        for (int hour = 0; hour < 3; ++hour) {
            co_await one.run_due();
            co_await two.run_due();
            clock.advance(1h);
        }
        EXPECT_EQ(runs, 2) << "the first only makes the schedule";
        fails = true;
        co_await one.run_due();
        EXPECT_EQ(runs, 3);
        fails = false;
        clock.advance(2s);
        co_await two.run_due();
        EXPECT_EQ(runs, 4) << "a failed one is tried again, and never dies";
    });
    EXPECT_EQ(one("select count(*) from paydesk.jobs where status = 'queued'"), "1");
}

TEST_F(Jobs, StopDrains) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        for (int i = 0; i < 6; ++i) co_await add(db, job("work"));
        int started = 0, ended = 0;
        Runner runner(io, db, clock, {.concurrency = 2, .poll = 10ms});
        runner.handle("work", [&](Job) -> Task<Result<void>> {
            if (++started == 2) runner.stop();
            co_await sleep_for(io, 20ms);
            ++ended;
            co_return Result<void>();
        });
        co_await runner.run();
        EXPECT_EQ(started, 2);
        EXPECT_EQ(ended, 2) << "what was under way has ended before run() does";
    });
    EXPECT_EQ(statuses(), "done 2, queued 4");
}

TEST_F(Jobs, RunTakesTheNextAsSoonAsAPlaceIsFree) {
    play([&](asio::io_context& io, db::Database& db) -> Task<> {
        for (int i = 0; i < 9; ++i) co_await add(db, job("work"));
        int ended = 0;
        Runner runner(io, db, clock, {.concurrency = 2, .poll = 60s});
        runner.handle("work", [&](Job) -> Task<Result<void>> {
            co_await sleep_for(io, 1ms);
            if (++ended == 9) runner.stop();
            co_return Result<void>();
        });
        co_await runner.run();
        EXPECT_EQ(ended, 9);
    });
}

TEST(BackOff, GrowsToAnHourAndIsSpread) {
    EXPECT_EQ(back_off(1, 1'000), 1s);
    EXPECT_EQ(back_off(1, 0), 500ms);
    EXPECT_EQ(back_off(2, 1'000), 2s);
    EXPECT_EQ(back_off(11, 1'000), 1'024s);
    EXPECT_EQ(back_off(13, 1'000), 1h);
    EXPECT_EQ(back_off(1'000'000, 1'000), 1h);
    EXPECT_EQ(back_off(1'000'000, 0), 30min);
}

}  // namespace
}  // namespace paydesk::jobs
