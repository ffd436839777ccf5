#pragma once
// What each kind of source table says, as objects in Stripe's shape. SQL, nothing else.
//
// Which tutorial a table is from is told by its columns, table by table: real databases are mixtures.

#include <string>
#include <vector>

#include "db/blocking_connection.h"
#include "provider/change.h"
#include "transfer/import.h"

namespace paydesk::transfer {

// One source row.
struct SourceRow {
    std::string table;  // as the report names it
    std::string id;     // for the report
    provider::Name provider = provider::Name::stripe;
    provider::ObjectKind kind = provider::ObjectKind::other;  // other: `sort` says what it is
    std::string sort;  // "account", "notification", "credits", "usage"; "" an object
    std::optional<std::string> account;  // whose: a UUID
    std::string object;                  // JSON
    std::optional<std::string> skip;     // why it can't be taken
};

class ImportSource {
public:
    // Throws Unavailable: the schema has no table that we know.
    ImportSource(const ImportOptions& options);

    // The next rows of one table, accounts and customers first; none: these were all. Blocks.
    std::vector<SourceRow> next();

private:
    struct Query {
        std::string table, sql;
    };
    bool has(std::string_view table, std::string_view column);
    void add(std::string_view table, std::string sql);
    void find_seeds();
    void find_seeds_usage();
    void find_sync_engine();

    db::BlockingConnection connection_;
    std::string schema_;
    std::vector<Query> queries_;
    std::size_t query_ = 0;
    bool open_ = false;  // the cursor of queries_[query_]
};

}  // namespace paydesk::transfer
