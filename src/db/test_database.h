#pragma once
// A fresh database for one test, on a real PostgreSQL. Only tests link it.
//
//     TestDatabase db;
//     Database database(io, {.url = db.server_url()});
//
// The first one in a process starts a throw-away cluster (nothing is ever synced; it dies with the
// process), or uses that of PAYDESK_TEST_CLUSTER_URL, and applies the shim and db/migrations to a
// template once; every further one is a copy of the template, made in some 50 ms.

#include <filesystem>
#include <string>

#include "db/blocking_connection.h"

namespace paydesk::db {

class TestDatabase {
public:
    enum class Content { migrated, empty };

    // `empty`: no shim, no schema paydesk; the roles are there: they belong to the cluster.
    // Throws Unavailable when there is no PostgreSQL: a test without it fails.
    // REQUIRES: called from the main thread.
    explicit TestDatabase(Content content = Content::migrated);
    ~TestDatabase();  // drops it, and whoever is still connected
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    // Of a superuser: owns everything, sees everything.
    std::string owner_url() const { return url("paydesk_owner"); }
    // Of the server: row level security holds.
    std::string server_url() const { return url("paydesk_server"); }
    std::string url(const std::string& role) const;
    const std::string& name() const { return name_; }

    // A shortcut for arranging and looking, as the owner.
    Rows run(const std::string& sql, const Params& params = {}) const;
    void script(const std::string& sql) const;  // many statements, one transaction

private:
    std::string name_;
};

// A new folder for a test's files, which PostgreSQL's user may pass through; in memory where there
// is enough. The caller removes it.
std::filesystem::path make_test_folder();

}  // namespace paydesk::db
