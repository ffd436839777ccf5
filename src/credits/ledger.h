#pragma once
// One account's ledger in memory: what is loaded, decided about without I/O, and saved by
// ledger_store.h. Here are all rules about credits.
//
//     available ──▶ consumed          issued ──▶ available      a grant takes effect
//         │  ▲          ▲             available ──▶ expired     it ends
//         ▼  │          │             available ──▶ taken_back  its payment was refunded
//          held ────────┘             held ──▶ expired            its bucket ended meanwhile
//
// An entry moves an amount of one bucket from one of these accounts to another: what one loses the
// other gains, so all of them together are zero at every moment.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "credits/grant.h"

namespace paydesk::credits {

enum class LedgerAccount : std::uint8_t {
    issued,
    available,
    held,
    consumed,
    expired,
    taken_back,
};
std::string_view to_string(LedgerAccount account);

enum class TransactionKind : std::uint8_t {
    grant,
    consume,
    hold,
    settle,
    release,
    expire,
    take_back,
};
std::string_view to_string(TransactionKind kind);
TransactionKind parse_transaction_kind(std::string_view text);

struct Entry {
    std::string grant;
    LedgerAccount from, to;
    std::int64_t amount;
};

// The Idempotency-Key of a request and what it asked for.
struct Key {
    std::string text;
    std::string request_sha256;  // hex
    friend bool operator==(const Key&, const Key&) = default;
};

struct Transaction {
    std::int64_t number = 0;  // of the account, without a gap
    TransactionKind kind{};
    std::int64_t amount = 0;         // change of the balance
    std::int64_t balance_after = 0;  // of what may be spent
    std::string description = {};
    std::optional<std::string> hold = {};
    std::optional<Key> key = {};
    Instant at = {};
    std::vector<Entry> entries = {};
};

enum class HoldStatus : std::uint8_t { held, settled, released, expired };
std::string_view to_string(HoldStatus status);

struct Hold {
    std::string id;
    std::int64_t number = 0;  // of the transaction that set the credits aside
    std::int64_t amount = 0;
    HoldStatus status = HoldStatus::held;
    std::optional<std::int64_t> settled_amount = {};
    std::string description = {};
    Instant expires_at = {}, created_at = {};
    std::optional<Instant> ended_at = {};
    std::vector<Burn> parts = {};  // which buckets they are from, in the order of burning
};

struct Refusal {
    Error error;
    std::int64_t balance = 0;    // what could be spent
    std::int64_t shortfall = 0;  // what lacked; 0 where that was not the reason
};

// The free plan as the catalogue has it; 0 credits: there is none.
struct FreePlan {
    std::string slot;
    std::int64_t credits = 0;
};

class Ledger {
public:
    struct Loaded {
        AccountId account;
        std::int64_t number = 0, balance = 0;  // of the last transaction
        std::vector<Grant> grants = {};        // those that matter still: ledger_store.h
        std::vector<Hold> holds = {};          // asked for, or timed out
    };

    // REQUIRES: `now` is not before what was booked last, but for the skew of clocks.
    Ledger(Loaded loaded, Instant now);

    // What time has done: holds time out, buckets end, grants take effect. Call it before anything
    // else, and after add().
    void turn();

    // The free plan's credits of this month, where none of a paid plan are in force: the first time
    // (a new user's), and again when the last month is over and somebody looks. Then turns.
    void give_free(const FreePlan& plan);
    // Whether give_free() would.
    bool wants_free() const;

    // A new grant; turn() issues it when its time has come. REQUIRES: its fact is new.
    void add(Grant grant);

    // Takes `amount` credits, all or nothing, in the order of plan_burn().
    // Refuses with insufficient_credits. REQUIRES: 1 <= amount <= amount_max, here and below.
    std::optional<Refusal> consume(std::int64_t amount, std::string description,
                                   std::optional<Key> key);
    // The same, set aside. It times out at `expires_at`.
    std::optional<Refusal> hold(std::string id, std::int64_t amount, Instant expires_at,
                                std::string description, std::optional<Key> key);
    // Consumes `amount` (all of it by default) of a hold and releases the rest.
    // Refuses with not_found, hold_ended, invalid_input (more than was held).
    std::optional<Refusal> settle(std::string_view id, std::optional<std::int64_t> amount,
                                  std::optional<std::string> description, std::optional<Key> key);
    // Refuses with not_found, hold_ended.
    std::optional<Refusal> release(std::string_view id, std::optional<Key> key);

    // Takes back what is unspent of a grant, `amount` at most. Gives how much that was.
    std::int64_t take_back(std::string_view grant, std::int64_t amount, std::string description);

    const AccountId& account() const { return account_; }
    Instant now() const { return now_; }
    std::int64_t balance() const { return balance_; }
    const std::vector<Grant>& grants() const { return grants_; }
    bool in_effect(const Grant& grant) const;
    const Hold* find_hold(std::string_view id) const;

    // What has happened since it was loaded.
    const std::vector<Transaction>& booked() const { return booked_; }
    std::vector<const Grant*> new_grants() const;
    std::vector<const Hold*> changed_holds() const;

private:
    Grant& bucket(std::string_view id);
    bool is_ended(const Grant& grant) const;
    bool is_superseded(const Grant& grant) const;
    const Grant* last_free() const;
    void book(Transaction transaction);
    void apply(const Entry& entry);
    void end_buckets();
    void end_hold(Hold& hold, HoldStatus status);
    LedgerAccount back_to(std::string_view grant);
    BurnPlan plan(std::int64_t amount) const;
    Refusal lacking(std::int64_t amount, std::int64_t shortfall) const;
    std::optional<Refusal> refuse_hold(std::string_view id) const;

    AccountId account_;
    std::int64_t number_, balance_;
    std::vector<Grant> grants_;
    std::vector<Hold> holds_;
    Instant now_;
    std::vector<Transaction> booked_;
    std::vector<std::string> added_, changed_;  // ids of grants and holds
};

}  // namespace paydesk::credits
