// Migrations: in order, once, whole, and never other than what was applied.

#include "db/migrator.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "db/test_database.h"

namespace paydesk::db {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Migrator : public ::testing::Test {
protected:
    Migrator() {
        std::string place = "/tmp/paydesk-test-XXXXXX";
        share = mkdtemp(place.data());
        fs::create_directories(share / "migrations");
        fs::create_directories(share / "public_views");
        write("migrations/0001_one.sql",
              "create schema paydesk;\ncreate table paydesk.one (i int);");
        write("migrations/0002_two.sql", "insert into paydesk.one values (2);");
    }
    ~Migrator() override { fs::remove_all(share); }

    void write(const std::string& name, const std::string& sql) const {
        std::ofstream(share / name) << sql;
    }
    std::vector<std::string> apply(bool public_views = false) const {
        return migrate({.url = test.owner_url(), .share = share, .public_views = public_views});
    }
    std::string refusal(bool public_views = false) const {
        try {
            apply(public_views);
        } catch (const MigrationRefused& refused) {
            return refused.what();
        }
        return "not refused";
    }
    std::int64_t rows() const {
        return test.run("select count(*) as n from paydesk.one").integer(0, "n");
    }
    bool exists(const std::string& relation) const {
        return test.run("select to_regclass($1) is not null as it", {param(relation)})
            .boolean(0, "it");
    }

    TestDatabase test{TestDatabase::Content::empty};
    fs::path share;
};

TEST_F(Migrator, AppliesEachFileOnceInOrder) {
    EXPECT_THAT(apply(), ElementsAre("0001_one.sql", "0002_two.sql"));
    EXPECT_THAT(apply(), IsEmpty());
    write("migrations/0003_three.sql", "insert into paydesk.one values (3)");
    EXPECT_THAT(apply(), ElementsAre("0003_three.sql"));
    EXPECT_EQ(rows(), 2);
}

TEST_F(Migrator, RefusesAChangedFile) {
    apply();
    write("migrations/0002_two.sql", "insert into paydesk.one values (22);");
    write("migrations/0003_three.sql", "insert into paydesk.one values (3)");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("0002_two.sql: has changed"), HasSubstr("new file")));
    EXPECT_EQ(rows(), 1);
}

TEST_F(Migrator, RefusesAMissingFile) {
    apply();
    fs::remove(share / "migrations/0002_two.sql");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("0002_two.sql"), HasSubstr("file is missing")));
}

TEST_F(Migrator, RefusesAnUnappliedFileBeforeAnAppliedOne) {
    apply();
    test.run("delete from paydesk.schema_migrations where name = '0001_one.sql'");
    EXPECT_THAT(refusal(),
                AllOf(HasSubstr("0001_one.sql: is not applied"), HasSubstr("0002_two.sql")));
}

TEST_F(Migrator, RefusesGapsDoublesAndStrangeNamesBeforeAnythingRuns) {
    write("migrations/0004_four.sql", "select 1");
    EXPECT_THAT(refusal(), HasSubstr("0004_four.sql: expected number 0003"));
    fs::remove(share / "migrations/0004_four.sql");
    write("migrations/0002_again.sql", "select 1");
    EXPECT_THAT(refusal(), HasSubstr("expected number 0003"));
    fs::remove(share / "migrations/0002_again.sql");
    write("migrations/fix.sql", "select 1");
    EXPECT_THAT(refusal(), HasSubstr("fix.sql: name it NNNN_what_it_does.sql"));
    EXPECT_FALSE(exists("paydesk.one"));
    fs::remove_all(share / "migrations");
    EXPECT_THAT(refusal(), HasSubstr("no migrations found in"));
}

TEST_F(Migrator, AFailingFileIsNamedWithItsLineAndLeavesNothing) {
    write("migrations/0003_three.sql",
          "insert into paydesk.one values (3);\n"
          "-- a comment; with a semicolon\n"
          "create table paydesk.three (i int);\n"
          "select größe\n  from paydesk.nowhere;\n");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("0003_three.sql:5:"), HasSubstr("nowhere")));
    EXPECT_EQ(rows(), 1);
    EXPECT_FALSE(exists("paydesk.three"));
    write("migrations/0003_three.sql", "create table paydesk.three (i int)");
    EXPECT_THAT(apply(), ElementsAre("0003_three.sql"));
}

TEST_F(Migrator, AFailureWithoutPositionIsFoundByItsStatement) {
    write("migrations/0003_three.sql",
          "do $do$ begin perform ';'; end $do$;\n\n/* ; */ select ';';\n"
          "create table paydesk.one (i int);\n");
    EXPECT_THAT(refusal(), AllOf(HasSubstr("0003_three.sql:4:"), HasSubstr("already exists")));
}

TEST_F(Migrator, RefusesAFileThatEndsItsOwnTransaction) {
    write("migrations/0003_three.sql", "commit;");
    EXPECT_THAT(refusal(), HasSubstr("ends its own transaction"));
}

TEST_F(Migrator, TwoAtOnceQueue) {
    write("migrations/0003_three.sql", "select pg_sleep(0.2); insert into paydesk.one values (3);");
    const pid_t other = fork();
    if (other == 0) {
        try {
            apply();
            _exit(0);
        } catch (const std::exception& failure) {
            fprintf(stderr, "the other migrator: %s\n", failure.what());
            _exit(1);
        }
    }
    apply();
    int status = 0;
    waitpid(other, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(rows(), 2);
    EXPECT_EQ(test.run("select count(*) as n from paydesk.schema_migrations").integer(0, "n"), 3);
}

TEST_F(Migrator, RefusesATransactionPooler) {
    // The number is enough: nobody listens there, and nobody is asked.
    std::string url = test.owner_url();
    const auto port = url.find("port=5432");
    url = port == std::string::npos ? url + "&port=6543" : url.replace(port, 9, "port=6543");
    try {
        migrate({.url = url, .share = share});
        ADD_FAILURE() << "migrated through port 6543";
    } catch (const MigrationRefused& refused) {
        EXPECT_THAT(refused.what(), HasSubstr("transaction pooler"));
    }
}

TEST_F(Migrator, PublicViewsComeOnRequestAndAreKeptUpToDate) {
    write("public_views/a.sql", "create or replace view public.a as select 1 as one");
    apply();
    EXPECT_FALSE(exists("public.a"));
    EXPECT_THAT(apply(true), ElementsAre("public_views/a.sql"));
    EXPECT_THAT(apply(true), IsEmpty());
    write("public_views/a.sql", "create or replace view public.a as select 1 as one, 2 as two");
    EXPECT_THAT(apply(), ElementsAre("public_views/a.sql"));
    EXPECT_EQ(test.run("select two from public.a").integer(0, "two"), 2);
}

TEST_F(Migrator, StatusTellsAppliedPendingChangedMissing) {
    const MigrateOptions options{.url = test.owner_url(), .share = share};
    ASSERT_EQ(migration_status(options).size(), 2U);
    EXPECT_EQ(migration_status(options)[0].state, MigrationState::pending);
    apply();
    write("migrations/0003_three.sql", "select 1");
    write("migrations/0001_one.sql", "select 2");
    test.run("insert into paydesk.schema_migrations values ('0009_gone.sql', 'x')");
    const auto status = migration_status(options);
    ASSERT_EQ(status.size(), 4U);
    EXPECT_EQ(status[0].state, MigrationState::changed);
    EXPECT_EQ(status[1].state, MigrationState::applied);
    EXPECT_TRUE(status[1].applied_at.has_value());
    EXPECT_EQ(status[2].state, MigrationState::pending);
    EXPECT_EQ(status[3].state, MigrationState::missing);
}

// On Supabase the one who migrates is not a superuser, and the shim finds that it is not needed.
TEST_F(Migrator, WorksForAnOwnerWithoutSuperuser) {
    const std::string role = "owner_" + test.name();
    test.script("create role " + role + " login; grant create on database " + test.name() + " to " +
                role);
    EXPECT_THAT(migrate({.url = test.url(role), .share = share}),
                ElementsAre("0001_one.sql", "0002_two.sql"));
    EXPECT_THAT(migrate({.url = test.url(role), .share = share}), IsEmpty());
    EXPECT_EQ(test.run("select relrowsecurity and relforcerowsecurity as it from pg_class "
                       "where oid = 'paydesk.schema_migrations'::regclass")
                  .boolean(0, "it"),
              true);
    test.script("drop owned by " + role + "; drop role " + role);
}

TEST_F(Migrator, ARoleThatMayNotMigrateIsToldWhoMay) {
    const std::string role = "server_" + test.name();
    test.script("create role " + role + " login");
    try {
        migrate({.url = test.url(role), .share = share});
        ADD_FAILURE() << "migrated without the right to";
    } catch (const MigrationRefused& refused) {
        EXPECT_THAT(refused.what(),
                    AllOf(HasSubstr("permission denied"), HasSubstr("PAYDESK_MIGRATION_URL")));
    }
    test.script("drop role " + role);
}

TEST(MigratorShare, IsFoundFromTheProgram) {
    EXPECT_TRUE(fs::exists(find_share() / "migrations"));
    setenv("PAYDESK_SHARE", "/nonexistent", 1);
    EXPECT_THROW(find_share(), Unavailable);
    unsetenv("PAYDESK_SHARE");
}

// What is in db/ applies, and everything that the server needs is there afterwards.
TEST(Migrations, OfThisTreeApplyToAnEmptyDatabase) {
    const TestDatabase test;
    EXPECT_EQ(test.run("select count(*) as n from pg_roles where rolname in "
                       "('anon', 'authenticated', 'service_role', 'paydesk_server')")
                  .integer(0, "n"),
              4);
    EXPECT_THAT(migrate({.url = test.owner_url(), .share = find_share()}), IsEmpty());
}

TEST(LineOfStatement, SkipsCommentsAndQuotes) {
    const std::string sql =
        "-- one; two\nselect 1; /* ; */\n\nselect ';', \"a;b\";\n$$;\n$$;select 3";
    EXPECT_EQ(line_of_statement(sql, 0), 2);
    EXPECT_EQ(line_of_statement(sql, 1), 4);
    EXPECT_EQ(line_of_statement(sql, 2), 5);
    EXPECT_EQ(line_of_statement(sql, 3), 6);
    EXPECT_EQ(line_of_statement("select $1$2; select 'x", 1), 1);
}

}  // namespace
}  // namespace paydesk::db
