// Statements of one round trip, alone and as somebody, on a real PostgreSQL.

#include "db/database.h"

#include <gmock/gmock.h>

#include <limits>

#include "base/metrics.h"
#include "db/db_fixture.h"

namespace paydesk::db {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Statement echo{"test_echo", "select $1::text as value"};
constexpr Statement backend{"test_backend", "select pg_backend_pid() as pid"};
constexpr Statement nap{"test_nap", "select pg_sleep(5)::text as value"};
constexpr Statement who_am_i{"test_who_am_i",
                             "select current_user::text as role, "
                             "coalesce(current_setting('request.jwt.claims', true), '') as claims"};
constexpr Statement read_notes{"test_read_notes", "select body from public.notes order by body"};

// Rows of two people, each for their owner alone.
constexpr const char* notes = R"(
create table public.notes (owner text not null, body text not null unique);
alter table public.notes enable row level security;
grant select on public.notes to authenticated;
grant select, insert on public.notes to paydesk_server;
create policy own on public.notes to authenticated
    using (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
create policy server on public.notes to paydesk_server using (true) with check (true);
insert into public.notes select 'user' || i, 'note of user' || i from generate_series(0, 9) i;
)";

Identity user(int number) {
    return {"authenticated", R"({"sub":"user)" + std::to_string(number) + "\"}"};
}

TEST(Database, ManyStatementsAtOnceEachGetTheirOwnAnswer) {
    for (const bool prepared : {true, false}) {
        TestDatabase test;
        with_database({.url = test.server_url(), .prepared_statements = prepared},
                      [&](asio::io_context& io, Database& db) -> Task<> {
                          int right = 0;
                          co_await together(io, 500, [&](int i) -> Task<> {
                              const Rows rows = co_await db.run(echo, {param(i)});
                              right += rows.text(0, "value") == std::to_string(i);
                          });
                          EXPECT_EQ(right, 500);
                      });
    }
}

TEST(Database, ALargeAnswerAndALargeParameterPass) {
    TestDatabase test;
    with_database({.url = test.server_url()}, [&](asio::io_context& io, Database& db) -> Task<> {
        const std::string large(3'000'000, 'x');
        co_await together(io, 8, [&](int i) -> Task<> {
            const std::string mine = large + std::to_string(i);
            const Rows rows = co_await db.run(echo, {param(mine)});
            EXPECT_TRUE(rows.text(0, "value") == mine);
        });
    });
}

TEST(Database, IdentitiesThatInterleaveNeverMix) {
    for (const bool prepared : {true, false}) {
        TestDatabase test;
        test.script(notes);
        with_database({.url = test.server_url(), .pipelines = 1, .prepared_statements = prepared},
                      [&](asio::io_context& io, Database& db) -> Task<> {
                          co_await together(io, 600, [&](int i) -> Task<> {
                              if (i % 3 == 2) {
                                  const Rows rows = co_await db.run(read_notes);
                                  EXPECT_EQ(rows.size(), 10U);
                                  co_return;
                              }
                              const Rows rows = co_await db.run_as(user(i % 10), read_notes);
                              EXPECT_EQ(rows.size(), 1U);
                              EXPECT_EQ(rows.text(0, "body"),
                                        "note of user" + std::to_string(i % 10));
                          });
                      });
    }
}

TEST(Database, RoleAndClaimsEndWithTheUnitEvenWhenItFails) {
    TestDatabase test;
    with_database(
        {.url = test.server_url(), .pipelines = 1}, [&](asio::io_context&, Database& db) -> Task<> {
            const Rows as_user = co_await db.run_as(user(1), who_am_i);
            EXPECT_EQ(as_user.text(0, "role"), "authenticated");
            EXPECT_EQ(as_user.text(0, "claims"), R"({"sub":"user1"})");
            EXPECT_EQ(co_await sqlstate_of(
                          db.run_as(user(2), {"test_fails", "select 1 / $1::int"}, {param(0)})),
                      "22012");
            const Rows after = co_await db.run(who_am_i);
            EXPECT_EQ(after.text(0, "role"), "paydesk_server");
            EXPECT_EQ(after.text(0, "claims"), "");
        });
}

TEST(Database, APersonIsHeldToTheirRights) {
    TestDatabase test;
    test.script(notes);
    with_database({.url = test.server_url()}, [&](asio::io_context&, Database& db) -> Task<> {
        EXPECT_EQ(
            co_await sqlstate_of(db.run_as(
                user(1),
                {"test_forge", "insert into public.notes values ('user2', $1) returning body"},
                {param("forged")})),
            "42501");
        EXPECT_EQ(co_await sqlstate_of(db.run_as({"anon", "{}"}, read_notes)), "42501");
        // A token may say what it likes about its role.
        for (const char* role : {"service_role", "paydesk_server", "none", "NONE", "", "nobody"}) {
            EXPECT_EQ(co_await sqlstate_of(db.run_as({role, "{}"}, read_notes)), "42501") << role;
            const auto read = [](Tx& tx) -> Task<Rows> { co_return co_await tx.run(read_notes); };
            EXPECT_EQ(co_await sqlstate_of(db.transaction_as(Identity{role, "{}"}, read)), "42501");
        }
        EXPECT_EQ(co_await sqlstate_of(db.run_as({"anon", "{}"}, read_notes)), "42501");
    });
}

TEST(Database, FailuresNameStateAndConstraintAndNeverTheRow) {
    TestDatabase test;
    test.script(notes);
    with_database({.url = test.server_url()}, [&](asio::io_context&, Database& db) -> Task<> {
        try {
            co_await db.run({"test_insert", "insert into public.notes values ('x', $1)"},
                            {param("note of user1")});
            ADD_FAILURE() << "inserted a second time";
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.sqlstate, "23505");
            EXPECT_EQ(failure.constraint, "notes_body_key");
            EXPECT_TRUE(failure.data_is_at_fault());
            EXPECT_FALSE(failure.retryable());
            EXPECT_THAT(failure.what(), HasSubstr("test_insert"));
            EXPECT_THAT(failure.what(), Not(HasSubstr("note of user1")));
        }
        try {
            co_await db.run({"test_cast", "select $1::text::uuid"}, {param("a@private.example")});
            ADD_FAILURE() << "not a UUID";
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.sqlstate, "22P02");
            EXPECT_THAT(failure.what(), Not(HasSubstr("private")));
        }
        EXPECT_THAT(metrics::exposition(), HasSubstr("db_errors_total{sqlstate=\"23505\"}"));
        EXPECT_THAT(metrics::exposition(), HasSubstr("statement=\"test_cast\""));
    });
}

TEST(Database, AWrongStatementFailsTheSameWayEachTimeAndHarmsNoOther) {
    TestDatabase test;
    with_database({.url = test.server_url(), .pipelines = 1},
                  [&](asio::io_context& io, Database& db) -> Task<> {
                      constexpr Statement wrong{"test_wrong", "select nothing from nowhere"};
                      co_await together(io, 40, [&](int i) -> Task<> {
                          if (i % 2 == 0) {
                              EXPECT_EQ(co_await sqlstate_of(db.run(wrong)), "42P01");
                          } else {
                              EXPECT_EQ(co_await sqlstate_of(db.run(echo, {param(i)})), "");
                          }
                      });
                      EXPECT_EQ(co_await sqlstate_of(db.run(wrong)), "42P01");
                      EXPECT_EQ(co_await sqlstate_of(db.run_as(user(1), wrong)), "42P01");
                  });
}

TEST(Database, AStatementWhoseTableChangedWorksAgainAfterOneFailure) {
    TestDatabase test;
    test.script(
        "create table public.t (a int); insert into public.t values (1); "
        "grant select on public.t to paydesk_server");
    with_database({.url = test.server_url(), .pipelines = 1},
                  [&](asio::io_context&, Database& db) -> Task<> {
                      constexpr Statement all{"test_all", "select t.a from public.t"};
                      EXPECT_EQ(co_await sqlstate_of(db.run(all)), "");
                      test.run("alter table public.t alter a type text");
                      EXPECT_EQ(co_await sqlstate_of(db.run(all)), "0A000");
                      EXPECT_EQ(co_await sqlstate_of(db.run(all)), "");
                  });
}

TEST(Database, DeferredConstraintsFailTheUnitThoughTheStatementPassed) {
    TestDatabase test;
    test.script(
        "create table public.p (id int primary key); create table public.c (id int references "
        "public.p deferrable initially deferred); grant all on public.p, public.c to "
        "paydesk_server");
    with_database(
        {.url = test.server_url(), .pipelines = 1}, [&](asio::io_context&, Database& db) -> Task<> {
            EXPECT_EQ(
                co_await sqlstate_of(db.run({"test_orphan", "insert into public.c values (7)"})),
                "23503");
            EXPECT_EQ(co_await sqlstate_of(db.run(echo, {param("after")})), "");
        });
    EXPECT_EQ(test.run("select count(*) as n from public.c").integer(0, "n"), 0);
}

TEST(Database, TextThatPostgresCannotHoldIsRefusedAndTheNextStatementRuns) {
    TestDatabase test;
    with_database(
        {.url = test.server_url(), .pipelines = 1}, [&](asio::io_context&, Database& db) -> Task<> {
            const std::string_view nul("a\0b", 3);
            EXPECT_EQ(co_await sqlstate_of(db.run(echo, {param(nul)})), "22021");
            EXPECT_EQ(co_await sqlstate_of(db.run(echo, {param("\xff\xfe")})), "22021");
            EXPECT_EQ(co_await sqlstate_of(db.run(echo, {param("\xed\xa0\x80")})), "22021");
            const Rows rows = co_await db.run(echo, {param("gr\xc3\xbc\xc3\x9f")});
            EXPECT_EQ(rows.text(0, "value"), "gr\xc3\xbc\xc3\x9f");
        });
}

TEST(Database, ValuesComeBackAsTheyWent) {
    TestDatabase test;
    test.run("alter database " + test.name() + " set timezone = 'Asia/Kolkata'");
    test.run("alter database " + test.name() + " set datestyle = 'SQL, DMY'");
    with_database({.url = test.server_url()}, [&](asio::io_context&, Database& db) -> Task<> {
        constexpr Statement values{"test_values",
                                   "select $1::bigint as number, $2::boolean as flag, "
                                   "$3::timestamptz as at, $4::text as nothing"};
        const Instant instants[] = {from_unix(0), from_unix(1'796'000'000) + 123456us,
                                    from_unix(253'402'300'799) + 999999us};
        for (const std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0},
                                          std::numeric_limits<std::int64_t>::max()}) {
            for (const Instant at : instants) {
                const bool flag = number == 0;
                const Rows rows =
                    co_await db.run(values, {param(number), param(flag), param(at), std::nullopt});
                EXPECT_EQ(rows.integer(0, "number"), number);
                EXPECT_EQ(rows.boolean(0, "flag"), flag);
                EXPECT_EQ(rows.instant(0, "at"), at);
                EXPECT_EQ(rows.optional_instant(0, "at"), at);
                EXPECT_TRUE(rows.is_null(0, "nothing"));
                EXPECT_EQ(rows.optional_text(0, "nothing"), std::nullopt);
                EXPECT_EQ(rows.text(0, "nothing"), "");
            }
        }
        const Rows odd = co_await db.run({"test_odd",
                                          "select 'infinity'::timestamptz as at, "
                                          "9223372036854775808::numeric as number"});
        EXPECT_THROW(odd.instant(0, "at"), Failure);
        EXPECT_THROW(odd.integer(0, "number"), Failure);
    });
}

TEST(Database, AStatementThatTakesTooLongIsEnded) {
    for (const bool prepared : {true, false}) {
        TestDatabase test;
        with_database(
            {.url = test.server_url(), .prepared_statements = prepared, .statement_timeout = 80ms},
            [&](asio::io_context&, Database& db) -> Task<> {
                EXPECT_EQ(co_await sqlstate_of(db.run(nap)), "57014");
                EXPECT_EQ(co_await sqlstate_of(db.run_as(user(1), nap)), "57014");
                EXPECT_EQ(co_await sqlstate_of(db.transaction(
                              [](Tx& tx) -> Task<Rows> { co_return co_await tx.run(nap); })),
                          "57014");
            });
    }
}

// Compiling a statement whose cost Postgres overestimates takes longer than running it.
TEST(Database, NothingIsCompiled) {
    for (const bool prepared : {true, false}) {
        TestDatabase test;
        with_database({.url = test.server_url(), .prepared_statements = prepared},
                      [](asio::io_context&, Database& db) -> Task<> {
                          const Rows rows =
                              co_await db.run({"test_jit", "select current_setting('jit') as jit"});
                          EXPECT_EQ(rows.text(0, "jit"), "off");
                      });
    }
}

TEST(Database, MoreThanThePipelineHoldsIsRefusedAtOnce) {
    TestDatabase test;
    with_database({.url = test.server_url(), .pipelines = 1, .pipeline_depth_max = 10},
                  [&](asio::io_context& io, Database& db) -> Task<> {
                      co_await db.run(echo, {param("prepares it")});
                      int refused = 0;
                      co_await together(io, 50, [&](int i) -> Task<> {
                          try {
                              co_await db.run(echo, {param(i)});
                          } catch (const Failure&) {
                              ADD_FAILURE() << "a full pipeline is no failure of Postgres";
                          } catch (const Unavailable&) {
                              ++refused;
                          }
                      });
                      EXPECT_EQ(refused, 40);
                      EXPECT_EQ(co_await sqlstate_of(db.run(echo, {param(1)})), "");
                  });
}

TEST(Database, NoDatabaseThereIsSaidInPostgresOwnWords) {
    TestDatabase test;
    run_to_end([&](asio::io_context& io) -> Task<> {
        std::string url = test.server_url();
        url.replace(url.find(test.name()), test.name().size(), "no_such_database");
        Database database(io, {.url = url});
        EXPECT_FALSE(database.is_up());
        try {
            co_await database.ready(100ms);
            ADD_FAILURE() << "became ready";
        } catch (const Unavailable& failure) {
            EXPECT_THAT(failure.what(), HasSubstr("no_such_database"));
        }
        EXPECT_EQ(co_await sqlstate_of(database.run(backend)), "08003");
        database.stop();
    });
}

TEST(Database, AnUnreadableUrlIsRefusedWithoutItsPassword) {
    for (const char* url :
         {"postgresql://user:hunter2%zz@host/db", "postgresql://u:hunter2@h/x?nonsense=1",
          "host=h password=hunter2 port", "postgresql://u:hunter2@[::1"}) {
        run_to_end([&](asio::io_context& io) -> Task<> {
            Database database(io, {.url = url});
            try {
                co_await database.ready(50ms);
                ADD_FAILURE() << "connected to " << url;
            } catch (const Unavailable& failure) {
                EXPECT_THAT(failure.what(), HasSubstr("cannot be read"));
                EXPECT_THAT(failure.what(), Not(HasSubstr("hunter2")));
            }
        });
        try {
            const BlockingConnection connection(url);
            ADD_FAILURE() << "connected to " << url;
        } catch (const Failure& failure) {
            EXPECT_THAT(failure.what(), Not(HasSubstr("hunter2")));
        }
    }
}

TEST(Database, LeavesAServerThatHasBecomeReadOnly) {
    TestDatabase test;
    test.script(notes);
    const std::string alter =
        "alter database " + test.name() + " set default_transaction_read_only = ";
    test.run(alter + "on");
    with_database(
        {.url = test.server_url(), .pipelines = 1},
        [&](asio::io_context& io, Database& db) -> Task<> {
            constexpr Statement write{"test_write", "insert into public.notes values ('x', 'y')"};
            EXPECT_EQ(co_await sqlstate_of(db.run(write)), "25006");
            BlockingConnection owner(test.owner_url());
            owner.run("set default_transaction_read_only = off");
            owner.run(alter + "off");
            // Only a new connection finds the server that takes writes.
            EXPECT_TRUE(co_await eventually(
                io, [&]() -> Task<bool> { co_return co_await sqlstate_of(db.run(write)) == ""; }));
        });
}

TEST(Database, MayEndWithTheLoopWhileStatementsRun) {
    TestDatabase test;
    asio::io_context io;
    Database db(io, {.url = test.server_url()});
    for (int i = 0; i < 3; ++i) {
        spawn(io, "test", [](asio::io_context& loop, Database& database) -> Task<> {
            co_await database.ready(5s);
            co_await sleep_for(loop, 10ms);
            co_await database.transaction([](Tx& tx) -> Task<> { co_await tx.run(nap); });
        }(io, db));
        spawn(io, "test", [](Database& database) -> Task<> {
            co_await database.ready(5s);
            co_await database.run(nap);
        }(db));
    }
    io.run_for(200ms);
}

TEST(Database, MayEndBeforeItHasConnected) {
    TestDatabase test;
    run_to_end([&](asio::io_context& io) -> Task<> {
        const Database never_used(io, {.url = test.server_url()});
        co_return;
    });
}

}  // namespace
}  // namespace paydesk::db
