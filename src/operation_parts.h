#pragma once
// What the commands of operation share: whose configuration, and how the database is reached.

#include <chrono>
#include <filesystem>

#include "config.h"
#include "db/database.h"

namespace paydesk {

inline constexpr std::chrono::seconds postgres_patience{10};

// Throws Unavailable: what is missing in the environment, and how to mend it.
Config config_for(Needs needs);
// Of a running `paydesk up` with this folder: its database and its sandbox, and nothing of ours that
// could name others. Throws Unavailable: there was none yet.
Config config_of_up(const std::filesystem::path& var);

db::Options database_options(const Config& config);

}  // namespace paydesk
