// Postgres goes away and comes back: statements fail in between, nothing hangs.

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <set>

#include "db/child_process.h"
#include "db/cluster.h"
#include "db/database.h"
#include "db/db_fixture.h"

namespace paydesk::db {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Statement backend{"test_backend", "select pg_backend_pid() as pid"};
constexpr Statement notify{"test_notify", "select pg_notify('things', $1)"};

// A cluster of the test's own, to be stopped and started.
class Server {
public:
    Server() { start(); }
    ~Server() {
        cluster_.reset();
        std::filesystem::remove_all(folder_);
    }
    void start() { cluster_.emplace(Cluster::start({.folder = folder_ / "pg", .durable = false})); }
    void stop() { cluster_->stop(); }
    std::string url() const { return cluster_->owner_url(); }

private:
    std::filesystem::path folder_ = make_test_folder();
    std::optional<Cluster> cluster_;
};

TEST(Reconnect, TerminatedPipelinesComeBackAndWhatWasInFlightFails) {
    TestDatabase test;
    with_database({.url = test.server_url(), .pipelines = 2},
                  [&](asio::io_context& io, Database& db) -> Task<> {
                      std::vector<std::string> states;
                      co_await together(io, 4, [&](int me) -> Task<> {
                          if (me == 3) {
                              co_await sleep_for(io, 40ms);
                              test.run(
                                  "select pg_terminate_backend(pid) from pg_stat_activity "
                                  "where datname = current_database() and pid <> pg_backend_pid()");
                              co_return;
                          }
                          states.push_back(co_await sqlstate_of(
                              db.run({"test_nap", "select pg_sleep(3)::text as value"})));
                      });
                      // One on each pipeline was running and hears why; the third stood behind.
                      EXPECT_EQ(states.size(), 3U);
                      for (const std::string& state : states)
                          EXPECT_THAT(state, AnyOf("57P01", "08006"));
                      EXPECT_TRUE(co_await eventually(io, [&]() -> Task<bool> {
                          co_return co_await sqlstate_of(db.run(backend)) == "";
                      }));
                  });
}

TEST(Reconnect, AServerRestartIsLivedThrough) {
    Server server;
    with_database({.url = server.url()}, [&](asio::io_context& io, Database& db) -> Task<> {
        co_await db.run(backend);
        server.stop();
        EXPECT_TRUE(co_await eventually(io, [&]() -> Task<bool> { co_return !db.is_up(); }));
        EXPECT_THAT(co_await sqlstate_of(db.run(backend)), StartsWith("08"));
        server.start();
        co_await db.ready(8s);
        EXPECT_EQ(co_await sqlstate_of(db.run(backend)), "");
    });
}

TEST(Reconnect, ATransactionWaitsForAServerThatRestarts) {
    Server server;
    with_database({.url = server.url()}, [&](asio::io_context& io, Database& db) -> Task<> {
        server.stop();
        int bodies = 0;
        co_await together(io, 2, [&](int me) -> Task<> {
            if (me == 1) {
                co_await sleep_for(io, 100ms);
                server.start();
                co_return;
            }
            co_await db.transaction([&](Tx& tx) -> Task<> {
                ++bodies;
                co_await tx.run(backend);
            });
        });
        EXPECT_EQ(bodies, 1);
    });
}

// What was acknowledged is there, once, and everybody stays who they are, however often connections
// are cut.
TEST(Reconnect, NothingAcknowledgedIsLostWhileConnectionsAreCut) {
    TestDatabase test;
    test.script(
        "create table public.kept (id int primary key); "
        "grant select, insert on public.kept to paydesk_server");
    constexpr Statement keep{"test_keep",
                             "insert into public.kept values ($1) on conflict do nothing"};
    constexpr Statement who{"test_who",
                            "select current_user::text || current_setting("
                            "'request.jwt.claims', true) as who"};
    with_database({.url = test.server_url()}, [&](asio::io_context& io, Database& db) -> Task<> {
        bool cutting = true;
        int next = 0, failures = 0, identities = 0;
        std::vector<int> acknowledged;
        co_await together(io, 17, [&](int me) -> Task<> {
            for (int cuts = 0; me == 16 && cuts < 15; ++cuts) {
                co_await sleep_for(io, 40ms);
                test.run(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()");
            }
            if (me == 16) cutting = false;
            while (cutting) {
                const int id = next++;
                try {
                    if (me < 6) {
                        co_await db.run(keep, {param(id)});
                    } else if (me < 12) {
                        co_await db.transaction(
                            [&](Tx& tx) -> Task<> { co_await tx.run(keep, {param(id)}); });
                    } else {
                        const std::string claims = "{\"sub\":" + std::to_string(id) + "}";
                        const Rows rows = co_await db.run_as({"authenticated", claims}, who);
                        EXPECT_EQ(rows.text(0, "who"), "authenticated" + claims);
                        ++identities;
                        continue;
                    }
                    acknowledged.push_back(id);
                } catch (const Failure& failure) {
                    EXPECT_TRUE(failure.retryable()) << failure.what();
                    ++failures;
                }
                // Not up: run() refuses at once, and this loop must let others on.
                if (!db.is_up()) co_await sleep_for(io, 1ms);
            }
        });
        EXPECT_GT(failures, 0) << "nothing was cut";
        EXPECT_GT(identities, 100);
        EXPECT_GT(acknowledged.size(), 100U);
        const Rows kept = test.run("select id from public.kept");
        std::set<std::int64_t> there;
        for (std::size_t i = 0; i < kept.size(); ++i) there.insert(kept.integer(i, "id"));
        for (const int id : acknowledged) EXPECT_TRUE(there.contains(id)) << id << " was lost";
    });
}

// Over TCP to a host name, all of whose addresses are tried: as to a hosted database.
TEST(Reconnect, AHostNameIsResolvedAndEachAddressTried) {
    const std::filesystem::path folder = make_test_folder();
    Cluster::start({.folder = folder / "pg", .durable = false}).stop();
    const std::string data = folder / "pg/data";
    struct stat info{};
    ASSERT_EQ(stat(data.c_str(), &info), 0);
    const std::string port = std::to_string(20'000 + getpid() % 10'000);
    const pid_t server = start_child({
        {find_postgres("") / "postgres", "-D", data, "-k", folder / "pg/run", "-p", port, "-c",
         "listen_addresses=127.0.0.1"},
        {"", info.st_uid, info.st_gid},
        STDERR_FILENO,
        SIGQUIT
    });
    with_database({.url = "postgresql://paydesk_owner@localhost:" + port + "/paydesk"},
                  [&](asio::io_context&, Database& db) -> Task<> {
                      EXPECT_EQ(co_await sqlstate_of(db.run(backend)), "");
                  });
    run_to_end([&](asio::io_context& io) -> Task<> {
        Database db(io, {.url = "postgresql://paydesk_owner@no-such-host.invalid/paydesk"});
        try {
            co_await db.ready(300ms);
            ADD_FAILURE() << "found a host that cannot be";
        } catch (const Unavailable& failure) {
            EXPECT_THAT(failure.what(), HasSubstr("no-such-host.invalid"));
        }
    });
    kill(server, SIGQUIT);
    wait_for_child(server);
    std::filesystem::remove_all(folder);
}

TEST(Listen, WakesForEachNotificationAlsoAfterReconnection) {
    TestDatabase test;
    with_database({.url = test.server_url()}, [&](asio::io_context& io, Database& db) -> Task<> {
        std::vector<std::string> heard;
        db.listen(test.server_url(), "things",
                  [&](std::string_view payload) { heard.emplace_back(payload); });
        const auto listener = [&] {
            return test.run(
                "select pid from pg_stat_activity where query = 'listen \"things\"' "
                "and state = 'idle' and datname = current_database()");
        };
        EXPECT_TRUE(
            co_await eventually(io, [&]() -> Task<bool> { co_return !listener().empty(); }));
        co_await db.run(notify, {param("one")});
        co_await db.run(notify, {param("two")});
        EXPECT_TRUE(co_await eventually(io, [&]() -> Task<bool> { co_return heard.size() == 2; }));
        EXPECT_THAT(heard, ElementsAre("one", "two"));

        test.run("select pg_terminate_backend($1::int)", {param(listener().integer(0, "pid"))});
        // Somebody may have notified meanwhile: it wakes once, with no payload.
        EXPECT_TRUE(co_await eventually(io, [&]() -> Task<bool> { co_return heard.size() == 3; }));
        co_await db.run(notify, {param("three")});
        EXPECT_TRUE(co_await eventually(io, [&]() -> Task<bool> { co_return heard.size() == 4; }));
        EXPECT_THAT(heard, ElementsAre("one", "two", "", "three"));
    });
}

}  // namespace
}  // namespace paydesk::db
