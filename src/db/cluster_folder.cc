#include "db/cluster_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/crypto.h"
#include "base/error.h"
#include "base/log.h"

namespace paydesk::db {

namespace fs = std::filesystem;

namespace {

constexpr const char* relocated_root = "/var/lib/paydesk";
constexpr std::size_t socket_path_max = 107;  // unix(7): sun_path
constexpr int old_server_patience_ms = 60'000;

std::string short_hash(const fs::path& path) { return to_hex(sha256(path.string())).substr(0, 8); }

std::string reason(int error) { return std::strerror(error); }

// The owner of `path`, or of nothing.
bool owner_of(const fs::path& path, User& owner) {
    struct stat info{};
    if (stat(path.c_str(), &info) != 0) return false;
    owner = {"uid " + std::to_string(info.st_uid), info.st_uid, info.st_gid};
    return true;
}

// Makes `path` 0700 and `user`'s. What lies at its end must be a folder and not a link.
void own_folder(const fs::path& path, const User& user) {
    const int handle = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const bool owned = handle >= 0 && (geteuid() != 0 || fchown(handle, user.uid, user.gid) == 0) &&
                       fchmod(handle, 0700) == 0;
    const int error = errno;
    if (handle >= 0) close(handle);
    if (owned) return;
    throw Unavailable("cannot take the folder " + path.string() + " for PostgreSQL's data as " +
                      user.name + ": " + reason(error));
}

void make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (!error && fs::is_directory(path, error)) return;
    throw Unavailable("cannot make the folder " + path.string() + " for PostgreSQL's data: " +
                      (error ? error.message() : "something else is there") +
                      ". Choose another folder, or make it writable for " + current_user().name);
}

bool holds_something_else(const fs::path& path) {
    std::error_code error;
    return !fs::exists(path / "data") && !fs::exists(path / "lock") && !fs::is_empty(path, error);
}

// Moves the place of the data to where PostgreSQL's user can reach it. `asked` has no data yet.
fs::path relocate(const fs::path& asked, const User& user) {
    const fs::path project = asked.parent_path().parent_path().filename();
    const fs::path place =
        fs::path(relocated_root) /
        ((project.empty() ? "cluster" : project.string()) + "-" + short_hash(asked));
    make_folder(place);
    own_folder(place, user);
    std::error_code error;
    fs::remove_all(asked, error);
    fs::create_directory_symlink(place, asked, error);
    if (error) {
        throw Unavailable("cannot link " + asked.string() + " to " + place.string() + ": " +
                          error.message());
    }
    const std::string why = "user " + user.name + " cannot enter the folder asked for";
    log::info("postgres_data_elsewhere",
              {
                  {"asked",  asked.c_str()},
                  {"is_in",  place.c_str()},
                  {"reason", why.c_str()  }
    });
    return place;
}

// The process that a lock file of PostgreSQL names, or 0.
pid_t recorded_pid(const fs::path& path) {
    std::ifstream file(path);
    pid_t pid = 0;
    file >> pid;
    return pid;
}

void pause_ms(int milliseconds) {
    const timespec duration{0, milliseconds * 1'000'000L};
    nanosleep(&duration, nullptr);
}

}  // namespace

ClusterFolder prepare_folder(const fs::path& asked) {
    fs::path folder = fs::absolute(asked).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    std::error_code error;
    // A link whose target was removed: make the target anew.
    if (fs::is_symlink(folder) && !fs::exists(folder)) make_folder(fs::read_symlink(folder));
    make_folder(folder);
    const fs::path real = fs::canonical(folder, error);
    if (error) throw Unavailable("cannot enter " + folder.string() + ": " + error.message());
    if (holds_something_else(real)) {
        throw Unavailable("the folder " + real.string() +
                          " holds something else than a PostgreSQL cluster of ours. Choose another "
                          "folder, or empty it");
    }
    User user = unprivileged_user();
    User owner;
    const bool has_data = owner_of(real / "data", owner);
    if (has_data && geteuid() == 0 && owner.uid != 0) user = owner;
    if (has_data && geteuid() != 0 && owner.uid != geteuid()) {
        throw Unavailable("the data in " + real.string() + " belong to " + owner.name +
                          ", and you are " + user.name +
                          ". Start as that user or as root, or choose another folder");
    }
    own_folder(real, user);
    if (may_use_folder(user, real)) return {real, user};
    if (!has_data && geteuid() == 0) return {relocate(real, user), user};
    throw Unavailable("the user " + user.name + " cannot enter " + real.string() +
                      ": a folder above it is closed. Open it (chmod o+x), or choose another");
}

int lock_folder(const ClusterFolder& folder) {
    const fs::path path = folder.path / "lock";
    const int handle = open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (handle < 0) throw Unavailable("cannot write " + path.string() + ": " + reason(errno));
    if (flock(handle, LOCK_EX | LOCK_NB) != 0) {
        std::string holder;
        std::ifstream(path) >> holder;
        close(handle);
        throw Unavailable("another process" + (holder.empty() ? "" : " (" + holder + ")") +
                          " already uses the cluster in " + folder.path.string() +
                          ": is `paydesk up` running already? Stop it, or choose another folder");
    }
    const std::string mine = std::to_string(getpid()) + "\n";
    if (ftruncate(handle, 0) != 0 || write(handle, mine.data(), mine.size()) < 0) {
        const int error = errno;
        close(handle);
        throw Unavailable("cannot write " + path.string() + ": " + reason(error));
    }
    return handle;
}

fs::path socket_folder(const ClusterFolder& folder) {
    const fs::path inside = folder.path / "run";
    if ((inside / ".s.PGSQL.5432").string().size() <= socket_path_max) {
        make_folder(inside);
        own_folder(inside, folder.user);
        return inside;
    }
    // In /tmp a stranger may have been there first, then the name is not ours to use.
    std::string place = "/tmp/paydesk-" + short_hash(folder.path);
    struct stat info{};
    const bool made = mkdir(place.c_str(), 0700) == 0;
    const bool is_ours = !made && lstat(place.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
                         info.st_uid == folder.user.uid && (info.st_mode & 0777) == 0700;
    if (!made && !is_ours) {
        place = "/tmp/paydesk-XXXXXX";
        if (!mkdtemp(place.data())) {
            throw Unavailable("cannot make a folder for the socket in /tmp: " + reason(errno));
        }
    }
    own_folder(place, folder.user);
    return place;
}

void clear_leftovers(const ClusterFolder& folder, const fs::path& sockets) {
    const std::string data = folder.data();
    for (int waited = 0;; waited += 5) {
        const std::vector<pid_t> old = processes_in(data);
        if (old.empty()) break;
        const pid_t postmaster = recorded_pid(folder.data() / "postmaster.pid");
        if (waited == 0 && std::ranges::find(old, postmaster) != old.end()) {
            log::info("postgres_waiting_for_old_server", {
                                                             {"pid", postmaster}
            });
            kill(postmaster, SIGINT);  // fast shutdown
        }
        if (waited >= old_server_patience_ms) {
            throw Unavailable("an older PostgreSQL server (process " +
                              std::to_string(postmaster ? postmaster : old.front()) +
                              ") still uses " + data +
                              " and does not stop. End it with: kill -INT " +
                              std::to_string(postmaster ? postmaster : old.front()));
        }
        pause_ms(5);
    }
    // Nobody is in there now. PostgreSQL would still believe a file whose pid exists: a zombie's,
    // or a stranger's that got the number after a reboot.
    for (const fs::path& file :
         {folder.data() / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"}) {
        const pid_t pid = recorded_pid(file);
        std::error_code ignored;
        if (pid > 0 && (kill(pid, 0) == 0 || errno != ESRCH)) fs::remove(file, ignored);
    }
}

void require_space(const fs::path& folder, std::uintmax_t megabytes) {
    std::error_code error;
    const fs::space_info space = fs::space(folder, error);
    if (error || space.available >= megabytes * 1024 * 1024) return;
    throw Unavailable("the disk of " + folder.string() + " has " +
                      std::to_string(space.available / 1024 / 1024) +
                      " MB left; PostgreSQL needs " + std::to_string(megabytes) +
                      " MB. Make room, or choose another folder");
}

}  // namespace paydesk::db
