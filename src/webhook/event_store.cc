#include "webhook/event_store.h"

#include <set>

#include "base/json.h"
#include "db/array_param.h"

namespace paydesk::webhook::event_store {

namespace {

// unnest() in the select list and not in `from`: there Postgres would copy each payload into a store of
// its own first.
const db::Statement add_events{
    "webhook_add_events",
    R"(insert into paydesk.webhook_events (provider, event_id, type, api_version, livemode,
           occurred_at, object_kind, object_id, status, error, processed_at, received_at,
           next_attempt_at, payload)
       select r.provider, r.event_id, r.type, r.api_version, r.livemode, r.occurred_at,
           r.object_kind, r.object_id, case when r.ignored then 'ignored' else 'received' end,
           r.note, case when r.ignored then r.received_at end, r.received_at, r.received_at,
           r.payload
       from (select unnest($1::text[]) as provider, unnest($2::text[]) as event_id,
                 unnest($3::text[]) as type, unnest($4::text[]) as api_version,
                 unnest($5::boolean[]) as livemode, unnest($6::timestamptz[]) as occurred_at,
                 unnest($7::text[]) as object_kind, unnest($8::text[]) as object_id,
                 unnest($9::boolean[]) as ignored, unnest($10::text[]) as note,
                 unnest($11::timestamptz[]) as received_at, unnest($12::text[]) as payload) r
       on conflict (provider, event_id) do nothing
       returning event_id)"};

// Every statement of a batch goes by an index and gets its rows as arrays, of whose sizes Postgres knows
// nothing: planning it anew each time would find the same plan.
const db::Statement set_up_batch{"webhook_begin_batch",
                                 "select set_config('enable_seqscan', 'off', true), "
                                 "set_config('enable_bitmapscan', 'off', true), "
                                 "set_config('plan_cache_mode', 'force_generic_plan', true)"};

const db::Statement claim_due{
    "webhook_claim_events",
    R"(select ctid as place, provider, event_id, type, attempts, next_attempt_at, payload
       from paydesk.webhook_events
       where status in ('received', 'waiting', 'failed') and next_attempt_at between $1 and $2
       order by next_attempt_at limit $3 for update skip locked)"};

const db::Statement claim_this{
    "webhook_claim_event",
    R"(select ctid as place, provider, event_id, type, attempts, next_attempt_at, payload
       from paydesk.webhook_events
       where provider = $1 and event_id = $2 and status in ('received', 'waiting', 'failed')
       for update skip locked)"};

// By the place where the claim has locked them, where they stay until the transaction ends.
const db::Statement mark_events{"webhook_mark_events",
                                R"(update paydesk.webhook_events e
       set status = r.status, attempts = r.attempts, error = r.note,
           next_attempt_at = coalesce(r.next_attempt_at, e.next_attempt_at),
           account_id = coalesce(r.account_id::uuid, e.account_id), waiting_for = r.waiting_for,
           processed_at = case when r.status in ('processed', 'ignored') then $8::timestamptz end
       from (select unnest($1::text[])::tid as place, unnest($2::text[]) as event_id,
                unnest($3::text[]) as status, unnest($4::bigint[]) as attempts,
                unnest($5::timestamptz[]) as next_attempt_at, unnest($6::text[]) as account_id,
                unnest($7::text[]) as waiting_for, unnest($9::text[]) as note) r
       where e.ctid = r.place and e.event_id = r.event_id)"};

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

std::optional<std::string_view> unless_empty(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(text);
}
std::optional<std::string_view> view(const std::optional<std::string>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

StoredEvent read_event(const db::Rows& rows, std::size_t i) {
    return {.provider = rows.text(i, "provider") == "paypal" ? provider::Name::paypal
                                                             : provider::Name::stripe,
            .event_id = std::string(rows.text(i, "event_id")),
            .type = std::string(rows.text(i, "type")),
            .attempts = rows.integer(i, "attempts"),
            .due_at = rows.instant(i, "next_attempt_at"),
            .place = std::string(rows.text(i, "place")),
            .payload = std::string(rows.text(i, "payload"))};
}

}  // namespace

Task<std::vector<bool>> add(db::Database& db, std::vector<const NewEvent*> events) {
    using std::string_view;
    using Event = const NewEvent*;
    const auto texts = [&](auto value) { return db::column<string_view>(events, value); };
    const auto instants = [&](auto value) { return db::column<Instant>(events, value); };
    const auto flags = [&](auto value) { return db::column<bool>(events, value); };
    db::Params params{texts([](Event e) { return provider::to_string(e->provider); }),
                      texts([](Event e) -> string_view { return e->event_id; }),
                      texts([](Event e) -> string_view { return e->type; }),
                      texts([](Event e) { return view(e->api_version); }),
                      flags([](Event e) { return e->livemode; }),
                      instants([](Event e) { return e->occurred_at; }),
                      texts([](Event e) { return provider::to_string(e->object_kind); }),
                      texts([](Event e) -> string_view { return e->object_id; }),
                      flags([](Event e) { return e->ignored; }),
                      texts([](Event e) { return unless_empty(e->note); }),
                      instants([](Event e) { return e->received_at; })};
    // Not in the list above, from which it would be copied.
    params.push_back(texts([](Event e) -> string_view { return e->payload; }));
    const auto added = co_await db.run(add_events, std::move(params));
    std::multiset<std::string_view> fresh;
    for (std::size_t i = 0; i < added.size(); ++i) fresh.insert(added.text(i, "event_id"));
    std::vector<bool> is_new;
    is_new.reserve(events.size());
    for (const auto* event : events) {
        const auto found = fresh.find(event->event_id);
        is_new.push_back(found != fresh.end());
        if (found != fresh.end()) fresh.erase(found);
    }
    co_return is_new;
}

Task<> begin_batch(db::Tx& tx) { co_await tx.run(set_up_batch); }

Task<std::vector<StoredEvent>> claim(db::Tx& tx, Instant from, Instant now, std::int64_t limit) {
    const auto rows =
        co_await tx.run(claim_due, {db::param(from), db::param(now), db::param(limit)});
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
    using std::string_view;
    if (marks.empty()) co_return;
    const auto texts = [&](auto value) { return db::column<string_view>(marks, value); };
    co_await tx.run(mark_events,
                    {texts([](const Mark& m) -> string_view { return m.place; }),
                     texts([](const Mark& m) -> string_view { return m.event_id; }),
                     texts([](const Mark& m) { return to_string(m.status); }),
                     db::column<std::int64_t>(marks, [](const Mark& m) { return m.attempts; }),
                     db::column<Instant>(marks, [](const Mark& m) { return m.next_attempt_at; }),
                     texts([](const Mark& m) {
                         return m.account ? std::optional<string_view>(m.account->value)
                                          : std::nullopt;
                     }),
                     texts([](const Mark& m) { return view(m.waiting_for); }), db::param(now),
                     texts([](const Mark& m) { return unless_empty(m.note); })});
}

Task<> mark_failed(db::Database& db, Mark mark) {
    co_await db.run(mark_one_failed, {db::param(provider::to_string(mark.provider)), mark.event_id,
                                      db::param(to_string(mark.status)), db::param(mark.attempts),
                                      db::param(mark.next_attempt_at), mark.note});
}

Task<std::size_t> replay(db::Tx& tx, std::vector<std::string> event_ids, Instant now) {
    if (event_ids.empty()) {
        const auto rows = co_await tx.run(replay_unfinished, {db::param(now)});
        co_return rows.affected();
    }
    json::array ids;
    for (const auto& id : event_ids) ids.emplace_back(id);
    const auto rows = co_await tx.run(replay_these, {json::serialize(ids), db::param(now)});
    co_return rows.affected();
}

}  // namespace paydesk::webhook::event_store
