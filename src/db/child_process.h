#pragma once
// Programs that run beside us as another user and never outlive us. Used by cluster.cc.

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace paydesk::db {

struct User {
    std::string name;
    uid_t uid;
    gid_t gid;
};

// Who this process is.
User current_user();

// Who a server of ours runs as: ourselves, or `postgres` or `nobody` when we are root, which
// PostgreSQL refuses to run as. Throws Unavailable when there is no such user.
User unprivileged_user();

struct ChildOptions {
    std::vector<std::string> argv;  // argv[0] is a path
    User user;
    int output;        // file descriptor for its standard output and error
    int death_signal;  // what it gets when this process dies, kill -9 included
};

// Starts it in a process group of its own (a terminal's Ctrl-C is for us), with an empty
// environment and no other open files.
// REQUIRES: called from the main thread: the kernel sends death_signal when the thread that forked
// ends, not when the process does.
pid_t start_child(const ChildOptions& options);

// Waits for its end. Exit status, or 128 + signal.
int wait_for_child(pid_t pid);

// True when the child has ended; `status` as above. Does not wait.
bool child_has_ended(pid_t pid, int& status);

// Whether `user` may list, enter and write `folder`. Asks the kernel as that user.
bool may_use_folder(const User& user, const std::string& folder);

// Processes whose working directory is `folder`, an absolute path without links.
std::vector<pid_t> processes_in(const std::string& folder);

}  // namespace paydesk::db
