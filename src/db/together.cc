#include "db/together.h"

#include "db/session_tx.h"

namespace paydesk::db {

namespace {

// The one Tx that there is: database.h shows what others need of it.
SessionTx& session(Tx& tx) { return static_cast<SessionTx&>(tx); }

}  // namespace

Task<std::vector<Rows>> run_together(Tx& tx, std::vector<Call> calls) {
    std::vector<Command> commands;
    commands.reserve(calls.size());
    for (Call& call : calls) commands.push_back({call.statement, std::move(call.params)});
    co_return co_await session(tx).run_together(std::move(commands));
}

void run_with_commit(Tx& tx, Statement statement, Params params) {
    session(tx).run_with_commit({statement, std::move(params)});
}

}  // namespace paydesk::db
