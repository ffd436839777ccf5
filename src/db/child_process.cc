#include "db/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/assert.h"
#include "base/error.h"

namespace paydesk::db {

namespace fs = std::filesystem;

namespace {

int exit_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Between fork and exec only system calls: another thread may have held any lock.
bool become(const User& user) {
    if (geteuid() != 0 || user.uid == 0) return true;
    return setgroups(1, &user.gid) == 0 && setgid(user.gid) == 0 && setuid(user.uid) == 0;
}

[[noreturn]] void run_child(const ChildOptions& options, char* const* argv, pid_t parent) {
    setpgid(0, 0);
    const bool ready = become(options.user) && chdir("/") == 0 &&
                       // After setuid, which clears it.
                       prctl(PR_SET_PDEATHSIG, options.death_signal) == 0;
    // The parent may have died before the prctl.
    if (!ready || getppid() != parent) _exit(126);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGQUIT}) {
        signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0 || dup2(options.output, 1) < 0 || dup2(1, 2) < 0) _exit(126);
    close_range(3, ~0U, 0);
    std::array<char*, 4> environment{const_cast<char*>("LC_ALL=C.UTF-8"),
                                     const_cast<char*>("TZ=UTC"),
                                     const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
    execve(argv[0], argv, environment.data());
    _exit(127);
}

}  // namespace

User current_user() {
    const passwd* entry = getpwuid(geteuid());
    return {entry ? entry->pw_name : "uid " + std::to_string(geteuid()), geteuid(), getegid()};
}

User unprivileged_user() {
    if (geteuid() != 0) return current_user();
    for (const char* name : {"postgres", "nobody"}) {
        const passwd* entry = getpwnam(name);
        if (entry && entry->pw_uid != 0) return {name, entry->pw_uid, entry->pw_gid};
    }
    throw Unavailable(
        "PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody "
        "to run it as: create one (adduser --system postgres), or start Paydesk as another user");
}

pid_t start_child(const ChildOptions& options) {
    PD_ASSERT(gettid() == getpid());
    std::vector<std::string> arguments = options.argv;
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) throw Unavailable(std::string("cannot start a process: ") + strerror(errno));
    if (child == 0) run_child(options, argv.data(), parent);
    return child;
}

int wait_for_child(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return 0;
    }
    return exit_status(status);
}

bool child_has_ended(pid_t pid, int& status) {
    int raw = 0;
    const pid_t ended = waitpid(pid, &raw, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
    status = ended == pid ? exit_status(raw) : 0;
    return true;
}

bool may_use_folder(const User& user, const std::string& folder) {
    const char* path = folder.c_str();
    const pid_t child = fork();
    if (child < 0) throw Unavailable(std::string("cannot start a process: ") + strerror(errno));
    if (child == 0) _exit(become(user) && access(path, R_OK | W_OK | X_OK) == 0 ? 0 : 1);
    return wait_for_child(child) == 0;
}

std::vector<pid_t> processes_in(const std::string& folder) {
    std::vector<pid_t> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        // Others' links cannot be read, and a zombie has none: neither can be in our folder.
        if (fs::read_symlink(entry.path() / "cwd", error) == folder)
            found.push_back(std::stoi(name));
    }
    return found;
}

}  // namespace paydesk::db
