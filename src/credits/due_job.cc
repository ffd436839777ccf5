#include "credits/due_job.h"

#include "credits/ledger_store.h"

namespace paydesk::credits {

namespace {

// Accounts of one transaction: some milliseconds, in which their owners wait to spend.
constexpr std::int64_t accounts_at_once = 100;
// Of one run; what is left is due still, and the next run takes it up.
constexpr int rounds_max = 1'000;

Task<> turn(db::Database& db, std::set<AccountId> accounts, Instant now) {
    co_await db.transaction([&](db::Tx& tx) -> Task<> {
        co_await ledger_store::lock(tx, accounts);
        auto ledgers = co_await ledger_store::load(tx, {.accounts = accounts}, now);
        for (auto& [account, ledger] : ledgers) ledger.turn();
        co_await ledger_store::save(tx, ledgers);
        co_await ledger_store::note_next_due(tx, accounts, now);
    });
}

}  // namespace

Task<std::size_t> turn_due(db::Database& db, Instant now) {
    std::size_t turned = 0;
    for (int round = 0; round < rounds_max; ++round) {
        const auto accounts = co_await ledger_store::due(db, now, accounts_at_once);
        if (accounts.empty()) break;
        co_await turn(db, accounts, now);
        turned += accounts.size();
    }
    co_return turned;
}

jobs::Handler due_job(db::Database& db, const Clock& clock) {
    return [&db, &clock](jobs::Job) -> Task<Result<void>> {
        co_await turn_due(db, clock.now());
        co_await ledger_store::sweep_refusals(db, clock.now() - refusals_kept);
        co_return Result<void>{};
    };
}

}  // namespace paydesk::credits
