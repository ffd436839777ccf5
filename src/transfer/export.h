#pragma once
// Everything that Paydesk keeps, as files: to look at (csv) or to restore elsewhere (sql).
//
// One snapshot of all tables, account by account. Amounts are minor units, as in the tables. Left out is
// what is of no use elsewhere: the queue of jobs, first answers to requests, what is due next. No secret
// is in the tables, so none is in the files.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace paydesk::transfer {

enum class Format : std::uint8_t { csv, sql };

struct ExportOptions {
    std::string url;  // the server's
    Format format = Format::csv;
    std::filesystem::path folder;  // made if it is not there; files in it are not overwritten
};

struct ExportedTable {
    std::string name;
    std::int64_t rows = 0;
};

// csv: one file for each table, with the columns' names, and manifest.json. sql: restore.sql, for an empty
// database of the same version, to be run by the owner of the tables, who bypasses row level security.
// Throws Unavailable: the folder can't be written, or has such a file already; db::Failure.
std::vector<ExportedTable> export_all(const ExportOptions& options);

}  // namespace paydesk::transfer
