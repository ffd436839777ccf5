#pragma once
// The credit tables: SQL, nothing else. ledger.h decides.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "credits/ledger.h"
#include "db/database.h"

namespace paydesk::credits::ledger_store {

// Locks the accounts' ledgers until the transaction ends, in one global order, so that two callers never
// deadlock: an account is decided about by one transaction at a time. Call it once, for all of them,
// before load().
Task<> lock(db::Tx& tx, std::set<AccountId> accounts);

// What has to be known of each account: the last transaction, and the grants that have something left,
// are still to take effect, or say which of them count. `holds` are loaded with what has timed out.
struct Wanted {
    std::set<AccountId> accounts;
    std::vector<std::pair<AccountId, std::string>> holds = {};
};
Task<std::map<AccountId, Ledger>> load(db::Tx& tx, Wanted wanted, Instant now);

// The same without holds, for db::run_as(): what a person sees of their own account.
extern const db::Statement read_account;
db::Params read_account_params(const AccountId& account, Instant now);
Ledger read_ledger(const db::Rows& rows, const AccountId& account, Instant now);

// Rows with the columns that load() asks for.
Grant read_grant(const db::Rows& rows, std::size_t row);
Hold read_hold(const db::Rows& rows, std::size_t row);

// Writes what has happened to them since.
Task<> save(db::Tx& tx, const std::map<AccountId, Ledger>& ledgers);
// The same, in the round trip of the transaction's COMMIT.
void save_with_commit(db::Tx& tx, const std::map<AccountId, Ledger>& ledgers);

// The free plan of the catalogue, for accounts without another one.
Task<FreePlan> free_plan(db::Tx& tx);

// Which of these facts have their grant already.
using FactKey = std::pair<AccountId, std::string>;
Task<std::set<FactKey>> known_facts(db::Tx& tx, std::set<FactKey> facts);

// A grant by its fact, and how much of it was taken back so far.
struct Granted {
    Grant grant;
    std::int64_t taken_back = 0;
};
Task<std::optional<Granted>> find_grant(db::Tx& tx, AccountId account, std::string fact_key);
// The grants whose fact begins so: ids and facts.
Task<std::map<std::string, std::string>> find_grants(db::Tx& tx, AccountId account,
                                                     std::string fact_key_prefix);

// ---- idempotency ----

struct KeyedRequest {
    AccountId account;
    std::string key;
    auto operator<=>(const KeyedRequest&) const = default;
};
// What a key has led to: a transaction, with its hold as it was then, or a refusal.
struct KeyedOutcome {
    std::string request_sha256;  // hex
    std::optional<Transaction> transaction = {};
    std::optional<Hold> hold = {};
    std::optional<Refusal> refusal = {};
};

// lock(), load() and what the keys have led to, in one round trip.
struct LockedLedgers {
    std::map<AccountId, Ledger> ledgers;
    std::map<KeyedRequest, KeyedOutcome> keys;
};
Task<LockedLedgers> lock_and_load(db::Tx& tx, Wanted wanted, std::set<KeyedRequest> keys,
                                  Instant now);

struct KeyedRefusal {
    AccountId account;
    Key key;
    Refusal refusal;
};
// With the transaction's COMMIT.
void save_refusals(db::Tx& tx, const std::vector<KeyedRefusal>& refusals, Instant now);
Task<> sweep_refusals(db::Database& db, Instant before);

// ---- what is due ----

// Accounts to which something happens by itself by `now`, at most `limit`.
Task<std::set<AccountId>> due(db::Database& db, Instant now, std::int64_t limit);
// Notes when the next thing happens to them; in the transaction that has turned them.
Task<> note_next_due(db::Tx& tx, std::set<AccountId> accounts, Instant now);

}  // namespace paydesk::credits::ledger_store
