#pragma once
// From claimed events to applied changes and marks, inside one transaction. processor.cc decides when.

#include <map>
#include <string>
#include <vector>

#include "webhook/event_store.h"
#include "webhook/processor.h"

namespace paydesk::webhook {

// An event that the provider must be asked about, outside the transaction: it shares its second with the
// row's snapshot and says something else, or it only hints (provider::MustAsk).
struct Tie {
    provider::Name provider;
    provider::ObjectKind kind;
    provider::Ref object;
    std::string revision;  // of the row when we asked ourselves
    std::string event_id;
    std::int64_t attempts = 0;
    Instant occurred_at;
    bool hint = false;
};

struct AppliedEvents {
    std::vector<event_store::StoredEvent> claimed;  // payloads dropped
    std::vector<Tie> ties;
    Drained drained;
};

struct ApplyContext {
    const std::map<provider::Name, Applier>& appliers;
    Instant now;
};

// Normalises, applies in the order of occurred_at, and marks. Ties are left unfinished, leased for
// tie_lease so that nobody else takes them up meanwhile.
Task<AppliedEvents> apply_events(db::Tx& tx, ApplyContext context,
                                 std::vector<event_store::StoredEvent> events);

// The same for ties, with what the provider answered. Those whose row has moved and still disagree
// are ties again.
Task<AppliedEvents> apply_fetched(db::Tx& tx, ApplyContext context, std::vector<Tie> ties,
                                  provider::Change fetched);

// The same for hints at one object, with all that the provider answered: applied once, whatever the number of
// hints, and each of them is marked as it ended.
Task<AppliedEvents> apply_answers(db::Tx& tx, ApplyContext context, std::vector<Tie> hints,
                                  std::vector<provider::Change> answers);

// Shorter than the slowest answer: asking twice is harmless (a row that moved meanwhile is left
// alone), but a process that died while it asked holds the event back for this long.
inline constexpr std::chrono::seconds tie_lease{30};

// Whose fault a failure is: how often it is worth trying again.
enum class Fault : std::uint8_t {
    environment,  // the provider or Postgres is away: for ever, it never kills an event
    unknown,      // attempts_max times
    event,        // what it says can't be stored: dead at once
};
Fault fault_of(const db::Failure& failure);

// How an event is marked whose application failed once more.
event_store::Mark failure_mark(const event_store::StoredEvent& event, std::string error,
                               Instant now, Fault fault);

}  // namespace paydesk::webhook
