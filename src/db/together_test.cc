// Statements that share a round trip: together.h

#include "db/together.h"

#include <gtest/gtest.h>

#include "db/db_fixture.h"

namespace paydesk::db {
namespace {

constexpr Statement add{"test_add", "update public.counters set n = n + 1 where id = $1"};
constexpr Statement read{"test_read", "select n from public.counters where id = $1"};
constexpr Statement insert{"test_insert", "insert into public.counters values ($1)"};

class Together : public ::testing::Test {
protected:
    Together() {
        test.script(R"(
            create table public.counters (id int primary key, n int not null default 0);
            grant all on public.counters to paydesk_server;
            insert into public.counters values (1), (2);)");
    }
    std::int64_t counter(int id) const {
        return test.run("select n from public.counters where id = $1", {param(id)}).integer(0, "n");
    }
    // One session, so that what one transaction leaves behind the next one finds.
    Options options() const {
        return {.url = test.server_url(), .pipelines = 1, .sessions_max = 1};
    }
    TestDatabase test;
};

TEST_F(Together, EachSeesWhatThoseBeforeItDid) {
    with_database(options(), [&](asio::io_context&, Database& db) -> Task<> {
        co_await db.transaction([](Tx& tx) -> Task<> {
            std::vector<Call> calls;
            calls.push_back({read, {param(1)}});
            calls.push_back({add, {param(1)}});
            calls.push_back({read, {param(1)}});
            const auto results = co_await run_together(tx, std::move(calls));
            EXPECT_EQ(results.size(), 3u);
            EXPECT_EQ(results[0].integer(0, "n"), 0);
            EXPECT_EQ(results[1].affected(), 1u);
            EXPECT_EQ(results[2].integer(0, "n"), 1);
        });
    });
    EXPECT_EQ(counter(1), 1);
}

TEST_F(Together, WhatGoesWithTheCommitIsCommitted) {
    with_database(options(), [&](asio::io_context&, Database& db) -> Task<> {
        co_await db.transaction([](Tx& tx) -> Task<> {
            run_with_commit(tx, add, {param(1)});
            run_with_commit(tx, add, {param(2)});
            co_await tx.run(add, {param(1)});
        });
        co_await db.transaction([](Tx& tx) -> Task<> {
            run_with_commit(tx, add, {param(2)});
            co_return;
        });
    });
    EXPECT_EQ(counter(1), 2);
    EXPECT_EQ(counter(2), 2);
}

TEST_F(Together, WhatIsRefusedAtTheCommitLeavesNothingAndASessionThatWorks) {
    with_database(options(), [&](asio::io_context&, Database& db) -> Task<> {
        std::string constraint;
        try {
            co_await db.transaction([](Tx& tx) -> Task<> {
                co_await tx.run(add, {param(1)});
                run_with_commit(tx, insert, {param(2)});
                run_with_commit(tx, add, {param(2)});
            });
        } catch (const Failure& failure) {
            constraint = failure.constraint;
        }
        EXPECT_EQ(constraint, "counters_pkey");
        co_await db.transaction([](Tx& tx) -> Task<> { co_await tx.run(add, {param(2)}); });
    });
    EXPECT_EQ(counter(1), 0);
    EXPECT_EQ(counter(2), 1);
}

TEST_F(Together, WhatGoesWithTheCommitIsGoneWithTheTransaction) {
    with_database(options(), [&](asio::io_context&, Database& db) -> Task<> {
        const auto refused = co_await db.transaction([](Tx& tx) -> Task<Result<void>> {
            co_await tx.run(add, {param(1)});
            run_with_commit(tx, add, {param(1)});
            co_return Error{ErrorCode::not_found, "no"};
        });
        EXPECT_TRUE(refused.has_error());
    });
    EXPECT_EQ(counter(1), 0);
}

}  // namespace
}  // namespace paydesk::db
