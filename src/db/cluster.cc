#include "db/cluster.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/crypto.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/log.h"
#include "db/blocking_connection.h"
#include "db/cluster_folder.h"

namespace paydesk::db {

namespace fs = std::filesystem;

namespace {

constexpr const char* owner_role = "paydesk_owner";
constexpr int poll_ms = 2;
constexpr int start_patience_ms = 300'000;  // recovery after a crash reads what was written since
constexpr int stop_patience_ms = 30'000;
constexpr std::uintmax_t log_bytes_max = 16 * 1024 * 1024;
constexpr std::uintmax_t new_cluster_megabytes = 200;
constexpr std::uintmax_t running_megabytes = 64;

void pause_ms(int milliseconds) {
    const timespec duration{0, milliseconds * 1'000'000L};
    nanosleep(&duration, nullptr);
}

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
        if (plain)
            encoded += c;
        else
            encoded += "%" + to_hex(std::string_view(&c, 1));
    }
    return encoded;
}

// The server's log, appended to; what came since this start is what a failure is explained by.
class Log {
public:
    explicit Log(const fs::path& path) : path_(path) {
        std::error_code error;
        const auto size = fs::file_size(path, error);
        const int fresh = !error && size > log_bytes_max ? O_TRUNC : 0;
        handle_ = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | fresh,
                       0600);
        if (handle_ < 0) {
            throw Unavailable("cannot write " + path.string() + ": " + std::strerror(errno));
        }
        start_ = lseek(handle_, 0, SEEK_END);
    }
    ~Log() { close(handle_); }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    int handle() const { return handle_; }

    // The last lines since this start, without their time stamps.
    std::string what_failed() const {
        std::ifstream file(path_);
        file.seekg(start_);
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) {
            if (line.empty()) continue;
            const auto stamp = line.find("] ");
            lines.push_back(stamp == std::string::npos ? line : line.substr(stamp + 2));
        }
        std::string last;
        for (std::size_t i = lines.size() - std::min<std::size_t>(lines.size(), 3);
             i < lines.size(); ++i) {
            last += (last.empty() ? "" : " | ") + lines[i];
        }
        return last.empty() ? "it said nothing" : last;
    }

private:
    fs::path path_;
    int handle_;
    off_t start_;
};

std::string major_of(const fs::path& data) {
    std::string major;
    std::ifstream(data / "PG_VERSION") >> major;
    return major;
}

void check(int status, const std::string& what, const Log& log, const ClusterFolder& folder) {
    if (status == 0) return;
    throw Unavailable(what + " failed (" + std::to_string(status) + "): " + log.what_failed() +
                      ". The whole story is in " + folder.log().string());
}

void sync_disk(const fs::path& folder) {
    const int handle = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool written = handle >= 0 && syncfs(handle) == 0;
    const int error = errno;
    if (handle >= 0) close(handle);
    if (!written) {
        throw Unavailable("cannot write " + folder.string() + " to disk: " + std::strerror(error));
    }
}

// Beside, then renamed: whoever is killed half-way leaves nothing that looks like a cluster.
void make_cluster(const ClusterFolder& folder, const ClusterOptions& options, const fs::path& bin,
                  const Log& log) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder.path, ignored)) {
        if (entry.path().filename().string().starts_with("init-")) fs::remove_all(entry, ignored);
    }
    // A new name each time: a killed initdb may still be writing into the old one.
    const std::string fresh = folder.path / ("init-" + random_hex(4));
    const auto run = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), bin / "initdb");
        return wait_for_child(
            start_child({std::move(arguments), folder.user, log.handle(), SIGTERM}));
    };
    check(run({"-D", fresh, "-U", owner_role, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
               "--no-instructions", "-N"}),
          "making the PostgreSQL cluster (initdb)", log, folder);
    // initdb -N leaves the writing to us: one syncfs is ten times faster than its thousand fsyncs.
    // A folder that was renamed but not written would be a half cluster after a power cut.
    if (options.durable) sync_disk(fresh);
    fs::rename(fresh, folder.data());
    if (options.durable) sync_disk(folder.path);
}

std::vector<std::string> server_arguments(const ClusterFolder& folder,
                                          const ClusterOptions& options, const fs::path& bin,
                                          const fs::path& sockets) {
    std::vector<std::string> arguments{bin / "postgres", "-D", folder.data(), "-k",
                                       sockets,          "-p", "5432"};
    const auto set = [&arguments](std::string setting) {
        arguments.insert(arguments.end(), {"-c", std::move(setting)});
    };
    set("listen_addresses=");
    set("unix_socket_permissions=0700");
    set("max_connections=60");
    set("logging_collector=off");
    set("log_line_prefix=%m [%p] %q%u ");
    set("log_checkpoints=off");
    set(options.durable ? "fsync=on" : "fsync=off");
    if (!options.durable) {
        for (const char* setting :
             {"full_page_writes=off", "shared_buffers=32MB", "max_connections=200",
              "min_wal_size=32MB", "max_wal_size=256MB"}) {
            set(setting);
        }
    }
    return arguments;
}

// The postmaster writes its status as the eighth line of its own file.
bool says_ready(const fs::path& data, pid_t pid) {
    std::ifstream file(data / "postmaster.pid");
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
        if (number == 1 && line != std::to_string(pid)) return false;
        if (number == 8) return line.starts_with("ready");
    }
    return false;
}

}  // namespace

struct Cluster::State {
    ClusterOptions options;
    ClusterFolder folder;
    fs::path sockets;
    int lock = -1;
    pid_t pid = 0;

    ~State() {
        if (lock >= 0) close(lock);
    }
};

fs::path find_postgres(const std::string& major) {
    const auto has_programs = [](const fs::path& folder) {
        return access((folder / "postgres").c_str(), X_OK) == 0 &&
               access((folder / "initdb").c_str(), X_OK) == 0;
    };
    if (const char* named = std::getenv("PAYDESK_POSTGRES_BIN")) {
        if (has_programs(named)) return named;
        throw Unavailable("PAYDESK_POSTGRES_BIN is " + std::string(named) +
                          ", but the programs postgres and initdb are not there");
    }
    const fs::path debian = "/usr/lib/postgresql";
    if (!major.empty()) {
        if (has_programs(debian / major / "bin")) return debian / major / "bin";
        throw Unavailable("the data were made by PostgreSQL " + major +
                          ", which is not installed in " + debian.string() +
                          ": apt-get install postgresql-" + major +
                          ", or set PAYDESK_POSTGRES_BIN to the folder of its programs");
    }
    // The version that is tested first, then the newest.
    if (has_programs(debian / "15/bin")) return debian / "15/bin";
    int newest = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(debian, error)) {
        const int version = std::atoi(entry.path().filename().c_str());
        if (has_programs(entry.path() / "bin")) newest = std::max(newest, version);
    }
    if (newest > 0) return debian / std::to_string(newest) / "bin";
    throw Unavailable(
        "PostgreSQL is not installed (looked in " + debian.string() +
        "): apt-get install postgresql-15, or set PAYDESK_POSTGRES_BIN to the folder of "
        "its programs");
}

Cluster Cluster::start(const ClusterOptions& options) {
    auto state = std::make_unique<State>();
    state->options = options;
    state->folder = prepare_folder(options.folder);
    const ClusterFolder& folder = state->folder;
    state->lock = lock_folder(folder);

    const bool is_new = !fs::exists(folder.data());
    const fs::path bin = find_postgres(is_new ? "" : major_of(folder.data()));
    require_space(folder.path, is_new ? new_cluster_megabytes : running_megabytes);
    state->sockets = socket_folder(folder);
    const Log log(folder.log());
    if (is_new)
        make_cluster(folder, options, bin, log);
    else
        clear_leftovers(folder, state->sockets);

    state->pid = start_child({server_arguments(folder, options, bin, state->sockets), folder.user,
                              log.handle(), options.durable ? SIGINT : SIGQUIT});
    Cluster cluster(std::move(state));
    for (int waited = 0; !says_ready(folder.data(), cluster.pid()); waited += poll_ms) {
        int status = 0;
        if (child_has_ended(cluster.pid(), status)) {
            cluster.state_->pid = 0;
            check(status == 0 ? 1 : status, "starting PostgreSQL", log, folder);
        }
        if (waited >= start_patience_ms) {
            throw Unavailable("PostgreSQL is not ready after 5 minutes; see " +
                              folder.log().string());
        }
        pause_ms(poll_ms);
    }
    BlockingConnection connection(cluster.url(owner_role, "postgres"));
    if (connection.run("select 1 from pg_database where datname = 'paydesk'").empty()) {
        connection.run("create database paydesk");
    }
    return cluster;
}

Cluster::Cluster(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cluster::Cluster(Cluster&&) noexcept = default;
Cluster::~Cluster() {
    if (state_) stop();
}

std::string Cluster::url(const std::string& role, const std::string& database) const {
    return "postgresql://" + percent_encoded(role) + "@/" + percent_encoded(database) +
           "?host=" + percent_encoded(state_->sockets.string()) + "&port=5432";
}

const fs::path& Cluster::folder() const { return state_->folder.path; }

pid_t Cluster::pid() const { return state_->pid; }

bool Cluster::is_running() const {
    int status = 0;
    if (state_->pid != 0 && child_has_ended(state_->pid, status)) state_->pid = 0;
    return state_->pid != 0;
}

void Cluster::stop() {
    const struct {
        int signal;
        int patience_ms;
    } steps[] = {
        {state_->options.durable ? SIGINT : SIGQUIT, stop_patience_ms},
        {SIGQUIT,                                    5'000           },
        {SIGKILL,                                    5'000           },
    };
    for (const auto& [signal, patience_ms] : steps) {
        if (!is_running()) break;
        kill(state_->pid, signal);
        for (int waited = 0; waited < patience_ms && is_running(); waited += poll_ms) {
            pause_ms(poll_ms);
        }
    }
    state_->pid = 0;
    std::error_code ignored;
    if (state_->sockets.parent_path() != folder()) fs::remove(state_->sockets, ignored);
    if (state_->lock >= 0) close(std::exchange(state_->lock, -1));
}

}  // namespace paydesk::db
