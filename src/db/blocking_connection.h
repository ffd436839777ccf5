#pragma once
// A connection that blocks its thread: for command lines, migrations and tests, never for serving.

#include <string>
#include <string_view>

#include "db/database.h"

struct pg_conn;

namespace paydesk::db {

class BlockingConnection {
public:
    // Throws Failure 08001 with Postgres' own words.
    explicit BlockingConnection(const std::string& url);
    ~BlockingConnection();
    BlockingConnection(const BlockingConnection&) = delete;
    BlockingConnection& operator=(const BlockingConnection&) = delete;

    // One statement. Throws Failure.
    Rows run(const std::string& sql, const Params& params = {});

    // Many statements, as psql would send a file of them, but without psql's own commands. They are
    // one transaction unless they say otherwise. Throws Failure: "file:line: what Postgres said".
    void run_script(const std::string& sql, const std::string& file);

    bool in_transaction() const;

private:
    pg_conn* connection_;
};

// Whether libpq would connect to `port`, as the URL says it.
bool leads_to_port(const std::string& url, std::string_view port);

// Line, from 1, on which the statement number `index`, from 0, of `sql` begins.
int line_of_statement(std::string_view sql, std::size_t index);

// Runs the file on a connection of its own. For the SQL tests. Throws Failure as run_script().
void run_sql_file(const std::string& url, const std::string& path);

// The whole of a file. Throws Unavailable: "cannot read <path>: <reason>".
std::string read_file(const std::string& path);

}  // namespace paydesk::db
