#pragma once
// webhook_events: SQL, nothing else.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "db/database.h"
#include "provider/change.h"

namespace paydesk::webhook::event_store {

struct NewEvent {
    provider::Name provider;
    std::string event_id, type;
    std::optional<std::string> api_version;
    bool livemode = false;
    Instant occurred_at;
    provider::ObjectKind object_kind = provider::ObjectKind::other;
    std::string object_id;
    bool ignored = false;  // stored as done, with `note`
    std::string note;
    Instant received_at;
    std::string payload;  // JSON text that Postgres can store and read: no U+0000, nor its escape
};

// Adds those whose id is new; one statement, durable when it returns. Gives for each whether it was.
// Of two with one id in one call, one is new. They must live until it has returned.
Task<std::vector<bool>> add(db::Database& db, std::vector<const NewEvent*> events);

struct StoredEvent {
    provider::Name provider;
    std::string event_id, type;
    std::int64_t attempts = 0;  // before this one
    Instant due_at;
    std::string place;  // of the row, while this transaction locks it
    std::string payload;
};

// Before claim(): Postgres looks rows up by index, or a plan made while the inbox was empty would read all
// of it once it is full.
Task<> begin_batch(db::Tx& tx);

// Takes up to `limit` events that are due, the oldest first, and locks them until the transaction
// ends; those that another transaction holds are passed over, and those that were due before `from`.
Task<std::vector<StoredEvent>> claim(db::Tx& tx, Instant from, Instant now, std::int64_t limit);
// One event, if it is unfinished and free.
Task<std::optional<StoredEvent>> claim_one(db::Tx& tx, provider::Name provider,
                                           std::string event_id);

enum class Status : std::uint8_t { processed, ignored, waiting, failed, dead, received };
std::string_view to_string(Status status);

struct Mark {
    provider::Name provider;
    std::string event_id;
    std::string place = {};  // of the claimed event; mark_failed() finds its row by the id
    Status status = Status::processed;
    std::int64_t attempts = 0;
    std::optional<Instant> next_attempt_at = {};  // none: as it is
    std::optional<AccountId> account = {};
    std::optional<std::string> waiting_for = {};
    std::string note = {};  // the error, or what is worth knowing; "" none
};
// Writes how they ended. REQUIRES: claimed in this transaction.
Task<> mark(db::Tx& tx, std::vector<Mark> marks, Instant now);

// The same for one event whose transaction was rolled back: only if it is still unfinished.
Task<> mark_failed(db::Database& db, Mark mark);

// processor.h says what it does.
Task<std::size_t> replay(db::Tx& tx, std::vector<std::string> event_ids, Instant now);

}  // namespace paydesk::webhook::event_store
