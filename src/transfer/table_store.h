#pragma once
// The tables of schema paydesk, read whole and in order. SQL, nothing else.

#include <functional>
#include <string>
#include <vector>

#include "db/blocking_connection.h"

namespace paydesk::transfer::table_store {

struct Table {
    std::string name;
    std::vector<std::string> columns;  // without generated ones
    std::vector<std::string> key;      // the primary key, the account first: the order of the rows
};

// All reads see the database as it was at the first one.
class Reader {
public:
    // Throws db::Failure.
    explicit Reader(const std::string& url);

    std::vector<Table> tables();
    std::string newest_migration();
    // The days that usage_records has a partition of: "2026-11-01".
    std::vector<std::string> usage_days();

    // Rows as text, some at a time.
    void read(const Table& table, const std::function<void(const db::Rows&)>& take);
    // One column `quoted`: the row as SQL's literals in brackets.
    void read_quoted(const Table& table, const std::function<void(const db::Rows&)>& take);

private:
    void fetch_all(const std::string& select, const std::function<void(const db::Rows&)>& take);

    db::BlockingConnection connection_;
};

}  // namespace paydesk::transfer::table_store
