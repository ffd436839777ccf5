// Lists as binary parameters, read back by Postgres itself.

#include "db/array_param.h"

#include <gtest/gtest.h>

#include <limits>

#include "db/db_fixture.h"

namespace paydesk::db {
namespace {

constexpr Statement echo_texts{"test_texts", "select array_to_json($1::text[])::text as value"};
constexpr Statement echo_integers{"test_integers",
                                  "select array_to_json($1::bigint[])::text as value"};
constexpr Statement echo_booleans{"test_booleans",
                                  "select array_to_json($1::boolean[])::text as value"};
constexpr Statement echo_instants{
    "test_instants",
    "select $1::timestamptz[] = array['1970-01-01 00:00:00.000001+00',"
    " '2026-11-25 12:00:00+00', null]::timestamptz[] as same"};
constexpr Statement as_rows{"test_rows",
                            R"(select string_agg(a || '=' || coalesce(b::text, '-'), ' ' order by a)
    as value from unnest($1::text[], $2::bigint[]) as r(a, b))"};

TEST(ArrayParam, PostgresReadsWhatWasGiven) {
    using std::optional;
    using std::string_view;
    const std::vector<optional<string_view>> texts = {"",    "a,b",        "{\"}\\",
                                                      "é\n", std::nullopt, "NULL"};
    const std::vector<optional<std::int64_t>> integers = {
        0, -1, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
        std::nullopt};
    const std::vector<optional<bool>> booleans = {true, std::nullopt, false};
    const std::vector<optional<Instant>> instants = {Instant(std::chrono::microseconds(1)),
                                                     from_unix(1'795'608'000), std::nullopt};
    for (const bool prepared : {true, false}) {
        TestDatabase test;
        with_database({.url = test.server_url(), .prepared_statements = prepared},
                      [&](asio::io_context&, Database& db) -> Task<> {
                          const auto value = [](const Rows& rows) {
                              return std::string(rows.text(0, "value"));
                          };
                          EXPECT_EQ(value(co_await db.run(echo_texts, {array(texts)})),
                                    R"(["","a,b","{\"}\\","é\n",null,"NULL"])");
                          EXPECT_EQ(value(co_await db.run(
                                        echo_texts, {array(std::vector<optional<string_view>>())})),
                                    "[]");
                          EXPECT_EQ(value(co_await db.run(echo_integers, {array(integers)})),
                                    "[0,-1,9223372036854775807,-9223372036854775808,null]");
                          EXPECT_EQ(value(co_await db.run(echo_booleans, {array(booleans)})),
                                    "[true,null,false]");
                          const Rows same = co_await db.run(echo_instants, {array(instants)});
                          EXPECT_TRUE(same.boolean(0, "same"));
                      });
    }
}

TEST(ArrayParam, ColumnsBesideEachOtherAreRows) {
    struct Row {
        std::string name;
        std::optional<std::int64_t> number;
    };
    const std::vector<Row> rows = {
        {"a", 1           },
        {"b", std::nullopt},
        {"c", -3          }
    };
    TestDatabase test;
    with_database({.url = test.server_url()}, [&](asio::io_context&, Database& db) -> Task<> {
        const auto names = column<std::string_view>(
            rows, [](const Row& row) -> std::string_view { return row.name; });
        const auto numbers = column<std::int64_t>(rows, [](const Row& row) { return row.number; });
        const Rows found = co_await db.run(as_rows, {names, numbers});
        EXPECT_EQ(found.text(0, "value"), "a=1 b=- c=-3");
    });
}

TEST(ArrayParam, WhatNoTextCanHoldIsTheDatasFault) {
    TestDatabase test;
    with_database({.url = test.server_url()}, [&](asio::io_context&, Database& db) -> Task<> {
        for (const std::string_view bad : {std::string_view("a\0b", 3), std::string_view("\xff")}) {
            const std::vector<std::optional<std::string_view>> texts = {bad};
            std::string sqlstate;
            try {
                co_await db.run(echo_texts, {array(texts)});
            } catch (const Failure& failure) {
                EXPECT_TRUE(failure.data_is_at_fault());
                sqlstate = failure.sqlstate;
            }
            EXPECT_EQ(sqlstate, "22021");
        }
    });
}

}  // namespace
}  // namespace paydesk::db
