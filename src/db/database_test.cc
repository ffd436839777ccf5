// One statement at a time and as somebody, on a real PostgreSQL.

#include "db/database.h"

#include <gmock/gmock.h>

#include "db/test_database.h"

namespace paydesk::db {
namespace {

using namespace std::chrono_literals;

TEST(Database, AnswersAStatement) {
    TestDatabase test;
    run_to_end([&](asio::io_context& io) -> Task<> {
        Database database(io, {.url = test.server_url()});
        co_await database.ready(5s);
        const Rows rows = co_await database.run({"sum", "select $1::int + 1 as n"}, {param(41)});
        EXPECT_EQ(rows.integer(0, "n"), 42);
        database.stop();
    });
}

}  // namespace
}  // namespace paydesk::db
