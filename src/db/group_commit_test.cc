// Rows of many callers, one commit: group_commit.h

#include "db/group_commit.h"

#include <gtest/gtest.h>

#include "db/db_fixture.h"

namespace paydesk::db {
namespace {

using std::chrono_literals::operator""ms;

TEST(GroupCommit, OneCommitServesAllThatArrivedMeanwhile) {
    std::vector<std::size_t> groups;
    run_to_end([&](asio::io_context& io) -> Task<> {
        GroupCommit<int, int> commits(
            io, "test_commit",
            [&](std::vector<const int*> rows) -> Task<std::vector<int>> {
                groups.push_back(rows.size());
                co_await sleep_for(io, 5ms);
                std::vector<int> doubled;
                for (const int* row : rows) doubled.push_back(*row * 2);
                co_return doubled;
            },
            8, 1'000);
        int left = 20;
        for (int i = 0; i < 20; ++i) {
            spawn(io, "row", [](GroupCommit<int, int>& to, int n, int& running) -> Task<> {
                EXPECT_EQ(co_await to.add(n, n == 19 ? 5'000 : 10), 2 * n);
                --running;
            }(commits, i, left));
        }
        while (left > 0) co_await sleep_for(io, 1ms);
        EXPECT_EQ(commits.waiting(), 0U);
    });
    EXPECT_EQ(groups, (std::vector<std::size_t>{1, 8, 8, 2, 1}))
        << "the last is too big for company";
}

TEST(GroupCommit, AwayIsToldToAllAndTheNextTriesAgain) {
    run_to_end([&](asio::io_context& io) -> Task<> {
        int commits_tried = 0;
        GroupCommit<int, int> commits(
            io, "test_commit",
            [&](std::vector<const int*> rows) -> Task<std::vector<int>> {
                if (++commits_tried <= 2) throw Failure("08006", "", "gone");
                co_return std::vector<int>{*rows.front()};
            },
            8, 1'000);
        int refused = 0;
        for (int i = 0; i < 2; ++i) {
            try {
                co_await commits.add(i, 1);
            } catch (const Failure&) {
                ++refused;
            }
        }
        EXPECT_EQ(refused, 2);
        EXPECT_EQ(commits_tried, 2) << "an environment's failure is not retried row by row";
        EXPECT_EQ(co_await commits.add(7, 1), 7);
    });
}

TEST(GroupCommit, ASecondCommitStartsBesideTheFirstWhenAFullGroupWaits) {
    // The weights of rows that come while one is being committed, and how many commits that makes at once.
    struct Case {
        std::vector<std::size_t> bytes;
        int at_once;
    };
    const std::vector<Case> cases = {
        {{10, 10, 10}, 1}, // few and light: they go together, after it
        {{500, 400}, 1},
        {{500, 500}, 2}, // a full group by weight
        {std::vector<std::size_t>(15, 10), 1},
        {std::vector<std::size_t>(16, 10), 2}, // a good many
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.bytes.size());
        int running = 0, most = 0;
        run_to_end([&](asio::io_context& io) -> Task<> {
            GroupCommit<int, int> commits(
                io, "test_commit",
                [&](std::vector<const int*> rows) -> Task<std::vector<int>> {
                    most = std::max(most, ++running);
                    co_await sleep_for(io, 5ms);
                    --running;
                    co_return std::vector<int>(rows.size());
                },
                100, 1'000);
            std::size_t left = c.bytes.size() + 1;
            const auto add = [&](std::size_t bytes) {
                spawn(io, "row",
                      [](GroupCommit<int, int>& to, std::size_t n, std::size_t& rest) -> Task<> {
                          co_await to.add(0, n);
                          --rest;
                      }(commits, bytes, left));
            };
            add(10);
            co_await sleep_for(io, 1ms);
            for (const std::size_t bytes : c.bytes) add(bytes);
            while (left > 0) co_await sleep_for(io, 1ms);
        });
        EXPECT_EQ(most, c.at_once);
    }
}

}  // namespace
}  // namespace paydesk::db
