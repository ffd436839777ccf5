#include "webhook/event_store.h"

#include <set>

#include "base/assert.h"
#include "base/json.h"

namespace paydesk::webhook::event_store {

namespace {

// The payloads travel beside the rest, one text with a separator that no JSON text can hold, so that
// Postgres does not look for their ends inside another JSON text: that costs as much as storing them.
const db::Statement add_events{
    "webhook_add_events",
    R"(insert into paydesk.webhook_events (provider, event_id, type, api_version, livemode,
           occurred_at, object_kind, object_id, status, error, processed_at, received_at,
           next_attempt_at, payload)
       select r.provider, r.event_id, r.type, r.api_version, r.livemode, r.occurred_at,
           r.object_kind, r.object_id, case when r.ignored then 'ignored' else 'received' end,
           r.note, case when r.ignored then r.received_at end, r.received_at, r.received_at,
           r.payload::json
       from rows from (
           json_to_recordset($1::json) as (provider text, event_id text, type text,
               api_version text, livemode boolean, occurred_at timestamptz, object_kind text,
               object_id text, ignored boolean, note text, received_at timestamptz),
           unnest(string_to_array($2, E'\x01'))) as r(provider, event_id, type, api_version,
               livemode, occurred_at, object_kind, object_id, ignored, note, received_at, payload)
       on conflict (provider, event_id) do nothing
       returning event_id)"};
constexpr char payload_separator = '\x01';

const db::Statement claim_due{"webhook_claim_events",
                              R"(select provider, event_id, type, attempts, payload
       from paydesk.webhook_events
       where status in ('received', 'waiting', 'failed') and next_attempt_at <= $1
       order by next_attempt_at limit $2 for update skip locked)"};

const db::Statement claim_this{"webhook_claim_event",
                               R"(select provider, event_id, type, attempts, payload
       from paydesk.webhook_events
       where provider = $1 and event_id = $2 and status in ('received', 'waiting', 'failed')
       for update skip locked)"};

// The arrays make the primary key the way in, whatever Postgres believes of the table's size: a plan
// that was made while it was empty would read all of it for each row here.
const db::Statement mark_events{"webhook_mark_events",
                                R"(update paydesk.webhook_events e
       set status = r.status, attempts = r.attempts, error = r.note,
           next_attempt_at = coalesce(r.next_attempt_at, e.next_attempt_at),
           account_id = coalesce(r.account_id, e.account_id), waiting_for = r.waiting_for,
           processed_at = case when r.status in ('processed', 'ignored') then $2::timestamptz end
       from json_to_recordset($1::json) as r(provider text, event_id text, status text,
           attempts integer, next_attempt_at timestamptz, account_id uuid, waiting_for text,
           note text)
       where e.provider = any (array(select distinct json_array_elements($1::json) ->> 'provider'))
         and e.event_id = any (array(select json_array_elements($1::json) ->> 'event_id'))
         and e.provider = r.provider and e.event_id = r.event_id)"};

const db::Statement mark_one_failed{"webhook_mark_failed",
                                    R"(update paydesk.webhook_events
       set status = $3, attempts = $4, next_attempt_at = coalesce($5::timestamptz, next_attempt_at),
           error = $6
       where provider = $1 and event_id = $2 and status in ('received', 'waiting', 'failed'))"};

const db::Statement replay_these{"webhook_replay_events",
                                 R"(update paydesk.webhook_events
       set status = 'received', attempts = 0, next_attempt_at = $2, processed_at = null,
           error = null, waiting_for = null
       where event_id in (select json_array_elements_text($1::json)))"};

const db::Statement replay_unfinished{"webhook_replay_unfinished",
                                      R"(update paydesk.webhook_events
       set status = 'received', attempts = 0, next_attempt_at = $1, error = null,
           waiting_for = null
       where status in ('failed', 'dead', 'waiting'))"};

json::value optional(const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object to_json(const NewEvent& event) {
    return {
        {"provider",    provider::to_string(event.provider)     },
        {"event_id",    event.event_id                          },
        {"type",        event.type                              },
        {"api_version", optional(event.api_version.value_or(""))},
        {"livemode",    event.livemode                          },
        {"occurred_at", to_iso8601(event.occurred_at)           },
        {"object_kind", provider::to_string(event.object_kind)  },
        {"object_id",   event.object_id                         },
        {"ignored",     event.ignored                           },
        {"note",        optional(event.note)                    },
        {"received_at", to_iso8601(event.received_at)           }
    };
}

StoredEvent read_event(const db::Rows& rows, std::size_t i) {
    return {.provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                             : provider::Name::stripe,
            .event_id = std::string(rows.text(i, "event_id")),
            .type = std::string(rows.text(i, "type")),
            .attempts = rows.integer(i, "attempts"),
            .payload = std::string(rows.text(i, "payload"))};
}

}  // namespace

Task<std::vector<bool>> add(db::Database& db, std::vector<NewEvent> events) {
    std::size_t bytes = 0;
    for (const auto& event : events) bytes += event.payload.size() + 1;
    std::string payloads;
    payloads.reserve(bytes);
    json::array rows;
    rows.reserve(events.size());
    for (const auto& event : events) {
        if (!rows.empty()) payloads += payload_separator;
        // JSON has no raw control character but white space; one that has would split a neighbour.
        PD_ASSERT(event.payload.find(payload_separator) == std::string::npos);
        payloads += event.payload;
        rows.push_back(to_json(event));
    }
    const auto added = co_await db.run(add_events, {json::serialize(rows), std::move(payloads)});
    std::multiset<std::string_view> fresh;
    for (std::size_t i = 0; i < added.size(); ++i) fresh.insert(added.text(i, "event_id"));
    std::vector<bool> is_new;
    is_new.reserve(events.size());
    for (const auto& event : events) {
        const auto found = fresh.find(event.event_id);
        is_new.push_back(found != fresh.end());
        if (found != fresh.end()) fresh.erase(found);
    }
    co_return is_new;
}

Task<std::vector<StoredEvent>> claim(db::Tx& tx, Instant now, std::int64_t limit) {
    const auto rows = co_await tx.run(claim_due, {db::param(now), db::param(limit)});
    std::vector<StoredEvent> events;
    events.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) events.push_back(read_event(rows, i));
    co_return events;
}

Task<std::optional<StoredEvent>> claim_one(db::Tx& tx, provider::Name provider,
                                           std::string event_id) {
    const auto rows = co_await tx.run(
        claim_this, {db::param(provider::to_string(provider)), std::move(event_id)});
    if (rows.empty()) co_return std::nullopt;
    co_return read_event(rows, 0);
}

std::string_view to_string(Status status) {
    switch (status) {
        case Status::processed:
            return "processed";
        case Status::ignored:
            return "ignored";
        case Status::waiting:
            return "waiting";
        case Status::failed:
            return "failed";
        case Status::dead:
            return "dead";
        case Status::received:
            return "received";
    }
    std::unreachable();
}

Task<> mark(db::Tx& tx, std::vector<Mark> marks, Instant now) {
    if (marks.empty()) co_return;
    json::array rows;
    rows.reserve(marks.size());
    for (const auto& mark : marks) {
        json::object row{
            {"provider", provider::to_string(mark.provider)},
            {"event_id", mark.event_id                     },
            {"status",   to_string(mark.status)            },
            {"attempts", mark.attempts                     },
            {"note",     optional(mark.note)               }
        };
        if (mark.next_attempt_at) row["next_attempt_at"] = to_iso8601(*mark.next_attempt_at);
        if (mark.account) row["account_id"] = mark.account->value;
        if (mark.waiting_for) row["waiting_for"] = *mark.waiting_for;
        rows.push_back(std::move(row));
    }
    co_await tx.run(mark_events, {json::serialize(rows), db::param(now)});
}

Task<> mark_failed(db::Database& db, Mark mark) {
    co_await db.run(mark_one_failed, {db::param(provider::to_string(mark.provider)), mark.event_id,
                                      db::param(to_string(mark.status)), db::param(mark.attempts),
                                      db::param(mark.next_attempt_at), mark.note});
}

Task<std::size_t> replay(db::Database& db, std::vector<std::string> event_ids, Instant now) {
    if (event_ids.empty()) {
        const auto rows = co_await db.run(replay_unfinished, {db::param(now)});
        co_return rows.affected();
    }
    json::array ids;
    for (const auto& id : event_ids) ids.emplace_back(id);
    const auto rows = co_await db.run(replay_these, {json::serialize(ids), db::param(now)});
    co_return rows.affected();
}

}  // namespace paydesk::webhook::event_store
