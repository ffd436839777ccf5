#pragma once
// Where a private cluster's files lie, who owns them and who may use them now. Used by cluster.cc.

#include <filesystem>
#include <string>

#include "db/child_process.h"

namespace paydesk::db {

struct ClusterFolder {
    std::filesystem::path path;  // absolute, without links
    User user;                   // owns it and runs the server

    std::filesystem::path data() const { return path / "data"; }
    std::filesystem::path log() const { return path / "postgres.log"; }
};

// Makes the folder, or finds the place that it links to. Throws Unavailable.
ClusterFolder prepare_folder(const std::filesystem::path& asked);

// Takes the cluster for this process until the descriptor is closed; the kernel closes it when the
// process dies. Throws Unavailable when another process has it.
int lock_folder(const ClusterFolder& folder);

// A folder, 0700 and of `folder.user`, for the socket: inside `folder` or, where that path is too
// long for a socket, in /tmp.
std::filesystem::path socket_folder(const ClusterFolder& folder);

// Ends what a killed process left: asks its server to shut down and waits until it has. Lock files
// of PostgreSQL that name a stranger or a zombie are removed. REQUIRES: the lock is held.
void clear_leftovers(const ClusterFolder& folder, const std::filesystem::path& sockets);

// Throws Unavailable when the disk has not `megabytes` left.
void require_space(const std::filesystem::path& folder, std::uintmax_t megabytes);

}  // namespace paydesk::db
