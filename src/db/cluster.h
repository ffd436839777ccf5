#pragma once
// A private PostgreSQL cluster: data in a folder of ours, the server a child process of ours,
// reached through a unix socket that only its user and root can enter. For `paydesk up` and tests.
//
//     folder/             0700, belongs to the user that PostgreSQL runs as; or a link, see start()
//         data/           made by initdb beside it, then renamed: half a cluster is never used
//         run/            the socket, unless its path would be longer than a socket's may be
//         postgres.log
//         lock            flock by the process that owns the cluster now
//
// Lives through kill -9 of this process: the kernel then tells PostgreSQL to shut down, and the
// next start() waits for the old one.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace paydesk::db {

struct ClusterOptions {
    std::filesystem::path folder = "var/postgres";
    bool durable = true;  // false in tests only: no fsync, a power cut loses everything; fast stop
};

class Cluster {
public:
    // Makes the cluster if the folder has none, starts it, and makes its database `paydesk`.
    // Where PostgreSQL's user cannot reach the folder (a clone below /root), the data goes to
    // /var/lib/paydesk/<name> and the folder becomes a link to it.
    //
    // Throws Unavailable, with what is wrong, where, and how to mend it, when: PostgreSQL is not
    // installed; the folder cannot be made or written; it holds something else; another process
    // uses the cluster; the disk is full; the server does not start (with the end of its log).
    // REQUIRES: called from the main thread.
    static Cluster start(const ClusterOptions& options);

    Cluster(Cluster&&) noexcept;
    Cluster& operator=(Cluster&&) = delete;
    ~Cluster();  // stop()

    // Of the superuser, for migrations.
    std::string owner_url() const { return url("paydesk_owner"); }
    // Of `role`, for serving.
    std::string server_url(const std::string& role = "paydesk_server") const { return url(role); }
    std::string url(const std::string& role, const std::string& database = "paydesk") const;

    // Where the data really is.
    const std::filesystem::path& folder() const;
    // The server's process: false once it has ended by itself.
    bool is_running() const;
    pid_t pid() const;

    // Fast shutdown: clients are disconnected, everything is written. Returns when it has ended.
    void stop();

private:
    struct State;
    explicit Cluster(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// The folder with initdb and postgres: PAYDESK_POSTGRES_BIN, or Debian's of version `major`, or
// Debian's newest when `major` is empty. Throws Unavailable and says what to install.
std::filesystem::path find_postgres(const std::string& major);

}  // namespace paydesk::db
