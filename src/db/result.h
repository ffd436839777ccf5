#pragma once
// From libpq's results to Failure. Inside db/ only.

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <vector>

#include "db/database.h"

namespace paydesk::db {

// What `result` says went wrong, or nothing when it says that all is well.
//
// The text is for logs: it names the statement and holds Postgres' primary message, never DETAIL
// (which quotes the row), and no quoted value where the data is at fault (22*).
std::optional<Failure> failure_in(const PGresult* result, std::string_view statement);

// The connection as a whole failed: refused, lost, or closed by us.
Failure connection_failure(const std::string& sqlstate, PGconn* connection,
                           std::string_view statement);

// Throws Failure 08001 when libpq cannot read `url`. Says so without a word of it: libpq's own message
// would quote the password.
void refuse_unreadable(const std::string& url);

// libpq's message on one line, without the trailing newline.
std::string one_line(std::string_view text);

// The parameters as libpq takes them. Points into `params`, which must outlive it.
struct BoundParams {
    explicit BoundParams(const Params& params);
    int count() const { return static_cast<int>(values.size()); }
    std::vector<const char*> values;
    std::vector<int> lengths;  // libpq looks at those of binary ones only
    std::vector<int> formats;
};

// Text parameters are C strings for libpq: one with a NUL inside would be cut in silence.
// Throws Failure 22021, as Postgres itself does for text that it cannot hold.
void refuse_nul(const Params& params, std::string_view statement);

}  // namespace paydesk::db
