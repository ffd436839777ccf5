#pragma once
// Statements of one transaction that share a round trip. The server still runs them one after the other,
// each with a snapshot of its own: what an earlier one has waited for, a later one sees.

#include <vector>

#include "db/database.h"

namespace paydesk::db {

struct Call {
    Statement statement;
    Params params = {};
};

// Runs them in their order, in one round trip. ENSURES: as many results as calls.
// Throws Failure, as Tx::run() does; those after the failed one have not run.
Task<std::vector<Rows>> run_together(Tx& tx, std::vector<Call> calls);

// Keeps a statement, whose result nobody needs, for the round trip of COMMIT.
//
// ENSURES: it has run when the transaction is committed, after all that was run() and in the order of
//          these calls. Where it fails nothing is committed, and Database::transaction() throws its
//          Failure, or runs the body again where that is retryable().
// REQUIRES: nothing that is run() later in the transaction has to see what it does.
void run_with_commit(Tx& tx, Statement statement, Params params);

}  // namespace paydesk::db
