// The private cluster: made once, kept through stops and kills, used by one process at a time.

#include "db/cluster.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "db/blocking_connection.h"
#include "db/child_process.h"
#include "db/cluster_folder.h"
#include "db/test_database.h"

namespace paydesk::db {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PrivateCluster : public ::testing::Test {
protected:
    ~PrivateCluster() override {
        // A killed parent's server takes a moment to go.
        for (int i = 0; i < 2'000 && !processes_in(folder / "data").empty(); ++i) usleep(5'000);
        fs::remove_all(place);
    }

    Cluster start() const { return Cluster::start({.folder = folder}); }

    std::string refusal() const {
        try {
            start();
        } catch (const Failure&) {
            return "a Failure is not for people";
        } catch (const Unavailable& refused) {
            return refused.what();
        }
        return "not refused";
    }

    static void write(const Cluster& cluster, int value) {
        BlockingConnection connection(cluster.owner_url());
        connection.run("create table if not exists kept (value int)");
        connection.run("insert into kept values ($1)", {param(value)});
    }
    static std::int64_t sum(const Cluster& cluster) {
        return BlockingConnection(cluster.owner_url())
            .run("select coalesce(sum(value), 0) as n from kept")
            .integer(0, "n");
    }

    // A process that starts the cluster, writes, says so and waits; for killing.
    pid_t start_victim() const {
        int ready[2];
        EXPECT_EQ(pipe(ready), 0);
        const pid_t victim = fork();
        if (victim == 0) {
            try {
                const Cluster cluster = start();
                write(cluster, 7);
                if (::write(ready[1], "r", 1) != 1) _exit(1);
                pause();
            } catch (const std::exception& failure) {
                fprintf(stderr, "victim: %s\n", failure.what());
            }
            _exit(1);
        }
        char byte = 0;
        close(ready[1]);
        EXPECT_EQ(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return victim;
    }

    static void kill_hard(pid_t pid) {
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }

    fs::path place = make_test_folder();
    fs::path folder = place / "var/postgres";
};

uid_t uid_of_process(pid_t pid) {
    struct stat info{};
    stat(("/proc/" + std::to_string(pid)).c_str(), &info);
    return info.st_uid;
}

TEST_F(PrivateCluster, KeepsItsDataAndStartsQuicklyTheSecondTime) {
    {
        Cluster cluster = start();
        EXPECT_TRUE(cluster.is_running());
        write(cluster, 42);
        cluster.stop();
        EXPECT_FALSE(cluster.is_running());
    }
    const auto before = std::chrono::steady_clock::now();
    const Cluster cluster = start();
    const auto took = std::chrono::steady_clock::now() - before;
    EXPECT_EQ(sum(cluster), 42);
    EXPECT_LT(took, std::chrono::milliseconds(900));
}

TEST_F(PrivateCluster, IsClosedToOthersAndRunsUnprivileged) {
    const Cluster cluster = start();
    EXPECT_NE(uid_of_process(cluster.pid()), 0U);
    EXPECT_EQ(fs::status(cluster.folder()).permissions(), fs::perms(0700));
    EXPECT_EQ(fs::status(cluster.folder() / "data").permissions(), fs::perms(0700));
    EXPECT_EQ(getpgid(cluster.pid()), cluster.pid());
    BlockingConnection connection(cluster.owner_url());
    const auto setting = [&](const std::string& name) {
        return std::string(
            connection.run("select current_setting($1) as value", {name}).text(0, "value"));
    };
    EXPECT_EQ(setting("listen_addresses"), "");
    EXPECT_EQ(setting("fsync"), "on");
    EXPECT_EQ(setting("max_connections"), "60");
    EXPECT_EQ(setting("server_encoding"), "UTF8");
    // The role of the server comes with the migrations.
    connection.run("create role paydesk_server login noinherit");
    EXPECT_EQ(BlockingConnection(cluster.server_url())
                  .run("select current_user::text as who")
                  .text(0, "who"),
              "paydesk_server");
}

TEST_F(PrivateCluster, LivesThroughKillOfItsParent) {
    for (int round = 1; round <= 2; ++round) {
        const pid_t victim = start_victim();
        kill_hard(victim);
        const Cluster cluster = start();  // at once: the old server may still be shutting down
        EXPECT_EQ(sum(cluster), 7 * round);
    }
}

TEST_F(PrivateCluster, LivesThroughKillOfParentAndServer) {
    const pid_t victim = start_victim();
    std::ifstream file(folder / "data/postmaster.pid");
    pid_t postmaster = 0;
    file >> postmaster;
    ASSERT_GT(postmaster, 1);
    kill(postmaster, SIGKILL);
    kill_hard(victim);
    const Cluster cluster = start();
    EXPECT_EQ(sum(cluster), 7);
}

TEST_F(PrivateCluster, AnInitdbThatWasKilledLeavesNoHalfCluster) {
    const pid_t victim = fork();
    if (victim == 0) {
        start();
        _exit(0);
    }
    usleep(300'000);  // in the middle of initdb, or later: it must not matter
    kill_hard(victim);
    Cluster cluster = start();
    write(cluster, 1);
    EXPECT_EQ(sum(cluster), 1);
    cluster.stop();
    for (const auto& entry : fs::directory_iterator(folder)) {
        EXPECT_THAT(entry.path().filename().string(), ::testing::Not(StartsWith("init-")));
    }
}

TEST_F(PrivateCluster, RefusesASecondProcess) {
    const pid_t victim = start_victim();
    EXPECT_THAT(refusal(), AllOf(HasSubstr("already uses"), HasSubstr(std::to_string(victim)),
                                 HasSubstr(folder.string())));
    kill_hard(victim);
}

TEST_F(PrivateCluster, APostmasterFileThatNamesAStrangerIsNoObstacle) {
    {
        Cluster cluster = start();
        write(cluster, 5);
    }
    // A process of the same user got the number: what PostgreSQL alone would take for its own.
    struct stat info{};
    ASSERT_EQ(stat((folder / "data").c_str(), &info), 0);
    const pid_t stranger = start_child({
        {"/bin/sleep", "60"},
        {"stranger", info.st_uid, info.st_gid},
        STDERR_FILENO, SIGKILL
    });
    std::ofstream(folder / "data/postmaster.pid") << stranger << "\n"
                                                  << (folder / "data").string() << "\n1\n5432\n";
    {
        const Cluster cluster = start();
        EXPECT_EQ(sum(cluster), 5);
    }
    int status = 0;
    EXPECT_FALSE(child_has_ended(stranger, status)) << "a stranger was ended";
    kill_hard(stranger);
}

TEST_F(PrivateCluster, APathTooLongForASocketIsServedElsewhere) {
    folder = place / std::string(90, 'x') / "var/postgres";
    {
        const Cluster cluster = start();
        write(cluster, 3);
        EXPECT_EQ(sum(cluster), 3);
        EXPECT_THAT(cluster.owner_url(), HasSubstr("host=%2ftmp%2fpaydesk-"));
    }
    for (const auto& entry : fs::directory_iterator("/tmp")) {
        const std::string name = entry.path().filename();
        if (!name.starts_with("paydesk-") || name.starts_with("paydesk-test-")) continue;
        EXPECT_FALSE(fs::exists(entry.path() / ".s.PGSQL.5432")) << "socket left in " << name;
    }
}

// A clone below /root: PostgreSQL's user cannot enter it, so the data are elsewhere. Whoever is not
// root owns their home, and the data stay in it.
TEST_F(PrivateCluster, AFolderThatPostgresCannotReachIsALinkToOneThatItCan) {
    fs::permissions(place, fs::perms(0700));
    fs::path real;
    for (int round = 1; round <= 2; ++round) {
        const Cluster cluster = Cluster::start({.folder = folder, .durable = false});
        write(cluster, 1);
        EXPECT_EQ(sum(cluster), round);
        real = cluster.folder();
        EXPECT_EQ(fs::canonical(folder), real);
        EXPECT_EQ(fs::is_symlink(folder), geteuid() == 0);
        if (geteuid() == 0) {
            EXPECT_THAT(real.string(), StartsWith("/var/lib/paydesk/"));
        }
    }
    // Removed by hand: made again.
    fs::remove_all(real);
    {
        const Cluster cluster = Cluster::start({.folder = folder, .durable = false});
        write(cluster, 9);
        EXPECT_EQ(sum(cluster), 9);
    }
    fs::remove_all(real);
}

TEST_F(PrivateCluster, SaysWhatIsWrongAndHowToMendIt) {
    setenv("PAYDESK_POSTGRES_BIN", "/nonexistent", 1);
    EXPECT_THAT(refusal(), AllOf(HasSubstr("PAYDESK_POSTGRES_BIN"), HasSubstr("/nonexistent")));
    unsetenv("PAYDESK_POSTGRES_BIN");

    fs::create_directories(folder / "data");
    std::ofstream(folder / "data/PG_VERSION") << "9\n";
    EXPECT_THAT(refusal(), AllOf(HasSubstr("PostgreSQL 9"), HasSubstr("apt-get install")));
    fs::remove_all(folder);

    fs::create_directories(folder);
    std::ofstream(folder / "thesis.txt") << "precious";
    EXPECT_THAT(refusal(), HasSubstr("holds something else"));
    EXPECT_EQ(read_file(folder / "thesis.txt"), "precious");
    fs::remove_all(folder);

    folder = place / "file/postgres";
    std::ofstream(place / "file") << "";
    EXPECT_THAT(refusal(), AllOf(HasSubstr("cannot make the folder"), HasSubstr("file/postgres")));

    EXPECT_THROW(require_space("/tmp", 1'000'000'000), Unavailable);
}

TEST_F(PrivateCluster, AServerThatDoesNotStartIsExplainedByItsLog) {
    {
        const Cluster cluster = start();
    }
    std::ofstream(folder / "data/postgresql.conf", std::ios::app) << "shared_buffers = nonsense\n";
    EXPECT_THAT(refusal(), AllOf(HasSubstr("starting PostgreSQL failed"),
                                 HasSubstr("shared_buffers"), HasSubstr("postgres.log")));
    // And it holds nothing: the next start is possible once it is mended.
    std::ofstream(folder / "data/postgresql.conf", std::ios::app) << "shared_buffers = 16MB\n";
    const Cluster cluster = start();
    EXPECT_TRUE(cluster.is_running());
}

TEST_F(PrivateCluster, KnowsWhenItsServerHasEnded) {
    Cluster cluster = start();
    kill(cluster.pid(), SIGQUIT);
    for (int i = 0; i < 1'000 && cluster.is_running(); ++i) usleep(5'000);
    EXPECT_FALSE(cluster.is_running());
    cluster.stop();
}

}  // namespace
}  // namespace paydesk::db
