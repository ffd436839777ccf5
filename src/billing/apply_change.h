#pragma once
// Applies what a provider told us: the one way in which webhooks, fetched objects and polling
// change billing rows.
//
//     changes ── lock, load ──▶ decide (pure, decide_*.h) ──▶ store, announce
//
// The merge rule (design 5; proved by enumeration). For each object, whatever the order of arrival:
//   newer stamp                    the snapshot is applied
//   same stamp, same content       nothing to do
//   same stamp, other content      the later of the two where the states alone prove it (draft before
//                                  open before paid, incomplete before active, anything before a
//                                  terminal state); else needs_fetch
//   older stamp                    stale, not applied
//   newer, but from before we asked  subscriptions and their schedules: as at the same stamp
//   asked of PayPal                subscriptions and their invoices, of which its events do not tell whole:
//                                  the answer that was asked for later, by our clock
//   row in a terminal state        stale, for ever: canceled, incomplete_expired, paid, void, deleted
// Facts that a snapshot proves by itself (paid, failed attempt, activated ...) are announced once by
// their key, stale or not, so notifications do not depend on the order either.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::billing {

enum class Outcome : std::uint8_t {
    applied,
    unchanged,    // the row says so already
    stale,        // the row knows better
    ignored,      // not followed
    waiting,      // nobody knows the customer (yet); nothing was changed
    needs_fetch,  // ask the provider, then apply again with `fetched_at_revision`
};
std::string_view to_string(Outcome outcome);

struct ToApply {
    provider::Change change;
    // Set when the change was fetched because of needs_fetch: the revision given with that outcome.
    // If the row is still at it, the fetched snapshot is applied under the stamp of the event that
    // asked (change.occurred_at, which the caller copies from the event); if it has moved, the
    // snapshot is judged like any other.
    std::optional<std::string> fetched_at_revision = {};
    // The object as a reconciliation found it at the provider (reconcile/). It tells nobody anything, and
    // the clock has no say. Without fetched_at_revision it is only compared: needs_fetch where the row
    // differs or is missing (revision ""). With it, it is applied if the row is still at that
    // revision, and moves no stamp.
    bool swept = false;
};

struct Applied {
    Outcome outcome;
    std::string note = {};                          // for the event's row and people
    std::optional<provider::Ref> waiting_for = {};  // the unknown customer
    std::string revision = {};                      // of the row, with needs_fetch
    std::optional<AccountId> account = {};          // whose it is, where that is known
    std::optional<provider::Ref> object = {};       // which, with needs_fetch
};

// Applies `changes` in the caller's transaction, in the order given (the caller sorts by occurred_at),
// and answers in the same order. The caller commits, and marks the events in the same transaction.
//
// ENSURES: every object touched is locked until the transaction ends, by its customer and by its own
//          id, in one global order: two callers never deadlock on these locks.
// Throws db::Failure; then nothing is applied. REQUIRES: no change twice with one event id, and no
// MustAsk: whoever has one asks first.
Task<std::vector<Applied>> apply_changes(db::Tx& tx, std::vector<ToApply> changes, Instant now);

// One that must take effect: for who makes an object of ours in the same transaction. Refuses with unavailable
// where it was not applied, saying what came of it; the transaction must then end without a commit.
Task<Result<void>> apply_change(db::Tx& tx, provider::Change change, Instant now);

}  // namespace paydesk::billing
