#include "db/test_database.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/crypto.h"
#include "base/ids.h"
#include "db/child_process.h"
#include "db/cluster.h"
#include "db/migrator.h"

namespace paydesk::db {

namespace fs = std::filesystem;

namespace {

constexpr const char* owner = "paydesk_owner";
const std::string folder_prefix = "paydesk-test-";

// Ours, started on first use and removed at the end of the process; or another's.
class TestCluster {
public:
    TestCluster() {
        if (const char* named = std::getenv("PAYDESK_TEST_CLUSTER_URL")) {
            given_url_ = named;
            return;
        }
        folder_ = make_test_folder();
        owner_process_ = getpid();
        cluster_.emplace(Cluster::start({.folder = folder_ / "pg", .durable = false}));
    }

    ~TestCluster() {
        if (getpid() != owner_process_) return;  // a forked child's exit
        cluster_.reset();
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    // The given URL leads to one database; another one is named by what comes last in it.
    std::string url(const std::string& role, const std::string& database) const {
        if (cluster_) return cluster_->url(role, database);
        const char separator = given_url_.find('?') == std::string::npos ? '?' : '&';
        std::string url = given_url_ + separator + "dbname=" + database;
        if (role != owner)
            url += "&user=" + role;  // the URL names the owner, whatever it is called
        return url;
    }

private:
    std::string given_url_;
    std::optional<Cluster> cluster_;
    fs::path folder_;
    pid_t owner_process_ = 0;
};

TestCluster& cluster() {
    static TestCluster the_cluster;
    return the_cluster;
}

std::string admin_url() { return cluster().url(owner, "postgres"); }

// Named by what is in it, so that processes that share a cluster share it too.
std::string fingerprint(const fs::path& share) {
    std::vector<fs::path> files{share / "supabase_shim.sql"};
    for (const auto& entry : fs::directory_iterator(share / "migrations")) {
        if (entry.path().extension() == ".sql") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    std::string all;
    for (const fs::path& file : files) {
        if (fs::exists(file)) all += file.filename().string() + "\n" + read_file(file.string());
    }
    return to_hex(sha256(all)).substr(0, 16);
}

std::string make_template() {
    const fs::path share = find_share();
    const std::string name = "paydesk_template_" + fingerprint(share);
    BlockingConnection admin(admin_url());
    // Of the session: freed with the connection. Roles belong to the cluster, so that two
    // processes that make them at once would fail.
    admin.run("select pg_advisory_lock(5018233904716600213)");
    if (!admin.run("select 1 from pg_database where datname = $1", {name}).empty()) return name;
    const std::string unfinished = name + "_unfinished";
    admin.run("drop database if exists " + unfinished);
    admin.run("create database " + unfinished);
    migrate({.url = cluster().url(owner, unfinished), .share = share});
    // A backend says goodbye a moment after its client did.
    admin.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
              {unfinished});
    admin.run("alter database " + unfinished + " rename to " + name);
    return name;
}

// Memory where there is enough of it: making a cluster there takes 0.5 s instead of 2.5.
fs::path roomy_memory() {
    std::error_code error;
    const fs::space_info memory = fs::space("/dev/shm", error);
    const bool roomy = !error && memory.available > (1ULL << 30) && access("/dev/shm", W_OK) == 0;
    return roomy && !std::getenv("TMPDIR") ? fs::path("/dev/shm") : fs::temp_directory_path();
}

// What killed test processes left behind: their names tell whose they were.
void sweep(const fs::path& memory) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(memory, ignored)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with(folder_prefix)) continue;
        const pid_t owner_process = std::atoi(name.c_str() + folder_prefix.size());
        const bool is_gone = owner_process > 0 && kill(owner_process, 0) != 0 && errno == ESRCH;
        if (is_gone && processes_in(entry.path() / "pg/data").empty()) {
            fs::remove_all(entry.path(), ignored);
        }
    }
}

}  // namespace

fs::path make_test_folder() {
    const fs::path memory = roomy_memory();
    static const bool swept = (sweep(memory), true);
    (void)swept;
    std::string place = memory / (folder_prefix + std::to_string(getpid()) + "-XXXXXX");
    if (!mkdtemp(place.data())) throw Unavailable("cannot make a folder like " + place);
    chmod(place.c_str(), 0711);  // PostgreSQL's user passes through
    return place;
}

TestDatabase::TestDatabase(Content content) {
    static const std::string migrated = make_template();
    const std::string source = content == Content::migrated ? migrated : "template1";
    name_ = "test_" + std::to_string(getpid()) + "_" + random_hex(4);
    BlockingConnection(admin_url()).run("create database " + name_ + " template " + source);
}

TestDatabase::~TestDatabase() {
    try {
        BlockingConnection(admin_url()).run("drop database if exists " + name_ + " with (force)");
    } catch (const Failure&) {
        // The test ended the cluster itself.
    }
}

std::string TestDatabase::url(const std::string& role) const { return cluster().url(role, name_); }

Rows TestDatabase::run(const std::string& sql, const Params& params) const {
    return BlockingConnection(owner_url()).run(sql, params);
}

void TestDatabase::script(const std::string& sql) const {
    BlockingConnection(owner_url()).run_script(sql, "script");
}

}  // namespace paydesk::db
