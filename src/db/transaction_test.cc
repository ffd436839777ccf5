// Transactions: all or nothing, tried again when that can help, first come first served.

#include <gmock/gmock.h>

#include "base/signal.h"
#include "db/database.h"
#include "db/db_fixture.h"

namespace paydesk::db {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* counters = R"(
create table public.counters (id int primary key, n int not null default 0);
grant all on public.counters to paydesk_server;
grant select on public.counters to authenticated;
insert into public.counters values (1), (2);
)";

constexpr Statement add{"test_add", "update public.counters set n = n + 1 where id = $1"};
constexpr Statement read{"test_read", "select n from public.counters where id = $1"};
constexpr Statement insert{"test_insert", "insert into public.counters values ($1)"};
constexpr Statement backend{"test_backend", "select pg_backend_pid() as pid"};
constexpr Statement who_am_i{"test_who_am_i",
                             "select current_user::text as role, "
                             "coalesce(current_setting('request.jwt.claims', true), '') as claims"};

// A test with the table above, on one session unless it asks for more.
class Transaction : public ::testing::Test {
protected:
    Transaction() { test.script(counters); }

    std::int64_t counter(int id) const {
        return test.run("select n from public.counters where id = $1", {param(id)}).integer(0, "n");
    }
    Options options(int sessions = 4) const {
        return {.url = test.server_url(), .pipelines = 1, .sessions_max = sessions};
    }

    TestDatabase test;
};

TEST_F(Transaction, CommitsWhatTheBodyDidAndReturnsItsValue) {
    with_database(options(), [&](asio::io_context&, Database& db) -> Task<> {
        const std::int64_t n = co_await db.transaction([](Tx& tx) -> Task<std::int64_t> {
            co_await tx.run(add, {param(1)});
            co_await tx.run(add, {param(2)});
            const Rows rows = co_await tx.run(read, {param(1)});
            co_return rows.integer(0, "n");
        });
        EXPECT_EQ(n, 1);
        co_await db.transaction([](Tx&) -> Task<> { co_return; });
    });
    EXPECT_EQ(counter(1), 1);
    EXPECT_EQ(counter(2), 1);
}

TEST_F(Transaction, RollsBackWhenTheBodyRefusesOrThrows) {
    with_database(options(1), [&](asio::io_context&, Database& db) -> Task<> {
        const Result<int> refused = co_await db.transaction([](Tx& tx) -> Task<Result<int>> {
            co_await tx.run(add, {param(1)});
            co_return Error{ErrorCode::subscription_exists, "no"};
        });
        EXPECT_EQ(refused.error().code, ErrorCode::subscription_exists);
        bool thrown = false;
        try {
            co_await db.transaction([](Tx& tx) -> Task<> {
                co_await tx.run(add, {param(1)});
                throw std::logic_error("mine");
            });
        } catch (const std::logic_error&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        const Result<int> kept = co_await db.transaction([](Tx& tx) -> Task<Result<int>> {
            co_await tx.run(add, {param(2)});
            co_return 5;
        });
        EXPECT_EQ(kept.value(), 5);
    });
    EXPECT_EQ(counter(1), 0);
    EXPECT_EQ(counter(2), 1);
}

TEST_F(Transaction, AfterAFailureItCanOnlyEnd) {
    with_database(options(1), [&](asio::io_context&, Database& db) -> Task<> {
        int bodies = 0;
        std::string sqlstate, second;
        try {
            co_await db.transaction([&](Tx& tx) -> Task<> {
                ++bodies;
                co_await tx.run(add, {param(1)});
                EXPECT_EQ(co_await sqlstate_of(tx.run(insert, {param(1)})), "23505");
                second = co_await sqlstate_of(tx.run(add, {param(2)}));
                // Swallowed: but it may not pass for a commit.
            });
        } catch (const Failure& failure) {
            sqlstate = failure.sqlstate;
        }
        EXPECT_EQ(bodies, 1);
        EXPECT_EQ(second, "23505");
        EXPECT_EQ(sqlstate, "23505");
        // Refusing because of it is the right way.
        const Result<> refused = co_await db.transaction([](Tx& tx) -> Task<Result<>> {
            if (co_await sqlstate_of(tx.run(insert, {param(1)})) == "23505") {
                co_return Error{ErrorCode::subscription_exists, "there is one"};
            }
            co_return Result<>();
        });
        EXPECT_TRUE(refused.has_error());
    });
    EXPECT_EQ(counter(1), 0);
}

TEST_F(Transaction, ActsAsAPersonAndLeavesNothingOfThemBehind) {
    with_database(options(1), [&](asio::io_context&, Database& db) -> Task<> {
        const Identity person{"authenticated", R"({"sub":"user1"})"};
        const auto look = [](Tx& tx) -> Task<std::string> {
            const Rows rows = co_await tx.run(who_am_i);
            co_return std::string(rows.text(0, "role")) + std::string(rows.text(0, "claims"));
        };
        EXPECT_EQ(co_await db.transaction_as(person, look), R"(authenticated{"sub":"user1"})");
        EXPECT_EQ(co_await db.transaction(look), "paydesk_server");
        const auto write = [](Tx& tx) -> Task<Rows> { co_return co_await tx.run(add, {param(1)}); };
        EXPECT_EQ(co_await sqlstate_of(db.transaction_as(person, write)), "42501");
        EXPECT_EQ(co_await sqlstate_of(db.transaction(write)), "");
    });
}

TEST_F(Transaction, RunsAgainAfterARealSerializationFailure) {
    with_database(options(), [&](asio::io_context&, Database& db) -> Task<> {
        int bodies = 0;
        co_await db.transaction([&](Tx& tx) -> Task<> {
            ++bodies;
            co_await tx.run({"test_level", "set transaction isolation level repeatable read"});
            co_await tx.run(read, {param(1)});
            if (bodies <= 2) co_await db.run(add, {param(1)});  // another's, after our snapshot
            co_await tx.run(add, {param(1)});
        });
        EXPECT_EQ(bodies, 3);
    });
    EXPECT_EQ(counter(1), 3);
}

TEST_F(Transaction, RunsAgainAfterARealDeadlock) {
    test.run("alter database " + test.name() + " set deadlock_timeout = '20ms'");
    with_database(options(), [&](asio::io_context& io, Database& db) -> Task<> {
        int bodies = 0;
        std::array<Signal, 2> locked;
        co_await together(io, 2, [&](int me) -> Task<> {
            co_await db.transaction([&, me](Tx& tx) -> Task<> {
                ++bodies;
                co_await tx.run(add, {param(me + 1)});
                locked[static_cast<std::size_t>(me)].set();
                co_await locked[static_cast<std::size_t>(1 - me)].wait();
                co_await tx.run(add, {param(2 - me)});
            });
        });
        EXPECT_EQ(bodies, 3);
    });
    EXPECT_EQ(counter(1), 2);
    EXPECT_EQ(counter(2), 2);
}

TEST_F(Transaction, GivesUpAfterFiveRetries) {
    with_database(options(), [&](asio::io_context&, Database& db) -> Task<> {
        int bodies = 0;
        std::string sqlstate;
        try {
            co_await db.transaction([&](Tx& tx) -> Task<> {
                ++bodies;
                co_await tx.run(
                    {"test_raise", "do $$ begin raise 'again' using errcode = '40001'; end $$"});
            });
        } catch (const Failure& failure) {
            sqlstate = failure.sqlstate;
        }
        EXPECT_EQ(sqlstate, "40001");
        EXPECT_EQ(bodies, 6);
    });
}

TEST_F(Transaction, RunsAgainWhenItsConnectionDies) {
    with_database(options(1), [&](asio::io_context&, Database& db) -> Task<> {
        int bodies = 0;
        co_await db.transaction([&](Tx& tx) -> Task<> {
            ++bodies;
            co_await tx.run(add, {param(1)});
            if (bodies == 1) {
                const Rows rows = co_await tx.run(backend);
                test.run("select pg_terminate_backend($1::int)", {param(rows.integer(0, "pid"))});
            }
            co_await tx.run(add, {param(2)});
        });
        EXPECT_EQ(bodies, 2);
    });
    EXPECT_EQ(counter(1), 1);
    EXPECT_EQ(counter(2), 1);
}

TEST_F(Transaction, AnIdleSessionThatDiedIsNotHandedOut) {
    with_database(options(1), [&](asio::io_context& io, Database& db) -> Task<> {
        const auto pid = [](Tx& tx) -> Task<std::int64_t> {
            co_return (co_await tx.run(backend)).integer(0, "pid");
        };
        const std::int64_t first = co_await db.transaction(pid);
        EXPECT_EQ(co_await db.transaction(pid), first);
        test.run("select pg_terminate_backend($1::int)", {param(first)});
        co_await sleep_for(io, 50ms);
        EXPECT_NE(co_await db.transaction(pid), first);
    });
}

TEST_F(Transaction, WaitsItsTurnAndGivesUpInTime) {
    Options one = options(1);
    one.acquire_timeout = 60ms;
    with_database(one, [&](asio::io_context& io, Database& db) -> Task<> {
        std::vector<int> order;
        std::vector<std::string> refusals;
        co_await together(io, 4, [&](int me) -> Task<> {
            try {
                // The first holds it for 30 ms; so do the others; the fourth's turn comes too late.
                co_await db.transaction([&, me](Tx& tx) -> Task<> {
                    co_await tx.run({"test_nap", "select pg_sleep(0.03)::text"});
                    order.push_back(me);
                });
            } catch (const Unavailable& failure) {
                refusals.emplace_back(failure.what());
            }
        });
        EXPECT_EQ(order.size() + refusals.size(), 4U);
        EXPECT_TRUE(std::ranges::is_sorted(order));
        EXPECT_FALSE(refusals.empty());
        for (const std::string& text : refusals)
            EXPECT_THAT(text, HasSubstr("1 database sessions"));
        co_await db.transaction([](Tx& tx) -> Task<> { co_await tx.run(add, {param(1)}); });
    });
    EXPECT_EQ(counter(1), 1);
}

TEST_F(Transaction, ManyAtOnceShareFewSessionsAndLoseNothing) {
    with_database(options(3), [&](asio::io_context& io, Database& db) -> Task<> {
        co_await together(io, 100, [&](int) -> Task<> {
            co_await db.transaction([](Tx& tx) -> Task<> {
                const Rows rows = co_await tx.run(
                    {"test_lock", "select n from public.counters where id = 1 for update"});
                co_await tx.run({"test_set", "update public.counters set n = $1 where id = 1"},
                                {param(rows.integer(0, "n") + 1)});
            });
        });
    });
    EXPECT_EQ(counter(1), 100);
}

TEST_F(Transaction, StopWakesWhoWaitsAndEndsWhoRuns) {
    run_to_end([&](asio::io_context& io) -> Task<> {
        Database db(io, options(1));
        co_await db.ready(5s);
        std::vector<std::string> ends;
        co_await together(io, 4, [&](int me) -> Task<> {
            if (me == 3) {
                co_await sleep_for(io, 30ms);
                db.stop();
                co_return;
            }
            try {
                co_await db.transaction([](Tx& tx) -> Task<> {
                    co_await tx.run(add, {param(1)});
                    co_await tx.run({"test_long_nap", "select pg_sleep(4)::text"});
                });
            } catch (const Unavailable& failure) {
                ends.emplace_back(failure.what());
            }
        });
        EXPECT_EQ(ends.size(), 3U);
    });
    EXPECT_EQ(counter(1), 0);
}

}  // namespace
}  // namespace paydesk::db
