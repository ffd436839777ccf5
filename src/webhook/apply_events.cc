#include "webhook/apply_events.h"

#include <algorithm>
#include <memory>
#include <span>

#include "base/json.h"
#include "billing/apply_change.h"
#include "jobs/queue.h"

namespace paydesk::webhook {

namespace {

using billing::Applied;
using billing::Outcome;
using billing::ToApply;
using event_store::Mark;
using event_store::Status;
using event_store::StoredEvent;

// A parked event stays `waiting`: only its customer's appearance or a replay makes it due again.
constexpr Instant never = from_unix(253'370'764'800);  // the year 9999

constexpr std::size_t error_bytes_max = 2'000;

// About three days for waiting_attempts_max looks: seconds at first, six hours in the end.
std::chrono::milliseconds waiting_back_off(std::int64_t attempts) {
    const auto pause = jobs::back_off(attempts);
    return attempts > 12 ? pause * 6 : pause;
}

Mark waiting_mark(const StoredEvent& event, const Applied& applied, Instant now) {
    const std::int64_t attempts = event.attempts + 1;
    const bool parked = attempts >= waiting_attempts_max;
    const std::string lacking = applied.waiting_for ? applied.waiting_for->value : "";
    return {.provider = event.provider,
            .event_id = event.event_id,
            .place = event.place,
            .status = Status::waiting,
            .attempts = attempts,
            .next_attempt_at = parked ? never : now + waiting_back_off(attempts),
            .waiting_for = lacking,
            .note = "nobody here is " + lacking + " yet"};
}

std::string note_of(const Applied& applied) {
    if (!applied.note.empty()) return applied.note;
    return applied.outcome == Outcome::stale ? "older than what is known" : "";
}

// Collects how each event of a transaction ended.
class Ending {
public:
    Ending(AppliedEvents& result, Instant now) : result_(result), now_(now) {}

    void dead(const StoredEvent& event, std::string error) {
        ++result_.drained.dead;
        marks_.push_back({.provider = event.provider,
                          .event_id = event.event_id,
                          .place = event.place,
                          .status = Status::dead,
                          .attempts = event.attempts + 1,
                          .note = std::move(error).substr(0, error_bytes_max)});
    }

    void ignored(const StoredEvent& event) {
        ++result_.drained.ignored;
        marks_.push_back({.provider = event.provider,
                          .event_id = event.event_id,
                          .place = event.place,
                          .status = Status::ignored,
                          .attempts = event.attempts + 1});
    }

    void applied(const StoredEvent& event, provider::ObjectKind kind, const provider::Ref& object,
                 const Applied& applied, Instant occurred_at) {
        switch (applied.outcome) {
            case Outcome::waiting:
                ++result_.drained.waiting;
                marks_.push_back(waiting_mark(event, applied, now_));
                return;
            case Outcome::needs_fetch:
                result_.ties.push_back({.provider = event.provider,
                                        .kind = kind,
                                        .object = object,
                                        .revision = applied.revision,
                                        .event_id = event.event_id,
                                        .attempts = event.attempts,
                                        .occurred_at = occurred_at});
                marks_.push_back({.provider = event.provider,
                                  .event_id = event.event_id,
                                  .place = event.place,
                                  .status = Status::received,
                                  .attempts = event.attempts,
                                  .next_attempt_at = now_ + tie_lease,
                                  .account = applied.account,
                                  .note = "two snapshots of one second: asking the provider"});
                return;
            case Outcome::applied:
            case Outcome::unchanged:
            case Outcome::stale:
            case Outcome::ignored:
                ++result_.drained.processed;
                marks_.push_back({.provider = event.provider,
                                  .event_id = event.event_id,
                                  .place = event.place,
                                  .status = Status::processed,
                                  .attempts = event.attempts + 1,
                                  .account = applied.account,
                                  .note = note_of(applied)});
                return;
        }
    }

    void hint(const StoredEvent& event, const provider::Change& change) {
        result_.ties.push_back({.provider = event.provider,
                                .kind = change.kind,
                                .object = change.object,
                                .revision = {},
                                .event_id = event.event_id,
                                .attempts = event.attempts,
                                .occurred_at = change.occurred_at,
                                .hint = true});
        marks_.push_back({.provider = event.provider,
                          .event_id = event.event_id,
                          .place = event.place,
                          .status = Status::received,
                          .attempts = event.attempts,
                          .next_attempt_at = now_ + tie_lease,
                          .note = "it only hints: asking the provider"});
    }

    std::vector<Mark> take_marks() { return std::move(marks_); }

private:
    AppliedEvents& result_;
    Instant now_;
    std::vector<Mark> marks_;
};

// Room for the parsed payloads of a batch, one after the other. What it doesn't hold is allocated.
constexpr std::size_t parsing_bytes = 128 * 1024;

Result<provider::Change> normalise(const ApplyContext& context, const StoredEvent& event,
                                   std::span<unsigned char> room) {
    const auto applier = context.appliers.find(event.provider);
    if (applier == context.appliers.end()) {
        return Error{ErrorCode::webhook_payload_invalid, "this provider is not configured"};
    }
    json::monotonic_resource memory(room.data(), room.size());
    const auto payload = parse_json(event.payload, json_bytes_max, &memory);
    if (!payload) return payload.error();
    return applier->second.normalise(*payload);
}

std::string in_words(const Error& error) {
    if (error.detail.empty() || error.detail == error.message) return error.message;
    return error.message + " (" + error.detail + ")";
}

}  // namespace

Task<AppliedEvents> apply_events(db::Tx& tx, ApplyContext context,
                                 std::vector<StoredEvent> events) {
    AppliedEvents result;
    Ending ending(result, context.now);
    struct Work {
        std::size_t event;
        provider::ObjectKind kind;
        provider::Ref object;
        Instant occurred_at;
        ToApply change;
    };
    std::vector<Work> work;
    const auto room = std::make_unique_for_overwrite<unsigned char[]>(parsing_bytes);
    for (std::size_t i = 0; i < events.size(); ++i) {
        auto change = normalise(context, events[i], {room.get(), parsing_bytes});
        events[i].payload = {};
        if (!change) {
            ending.dead(events[i], in_words(change.error()));
        } else if (std::holds_alternative<provider::Unfollowed>(change->fact)) {
            ending.ignored(events[i]);
        } else if (std::holds_alternative<provider::MustAsk>(change->fact)) {
            ending.hint(events[i], *change);
        } else {
            // Ours, not the payload's: what was stored under this id is what is applied under it.
            change->event_id = events[i].event_id;
            work.push_back({.event = i,
                            .kind = change->kind,
                            .object = change->object,
                            .occurred_at = change->occurred_at,
                            .change = {.change = std::move(*change)}});
        }
    }
    std::ranges::sort(work, {},
                      [](const Work& item) { return std::pair(item.occurred_at, item.event); });

    std::vector<ToApply> changes;
    changes.reserve(work.size());
    for (auto& item : work) changes.push_back(std::move(item.change));
    const auto applied = co_await billing::apply_changes(tx, std::move(changes), context.now);
    for (std::size_t i = 0; i < work.size(); ++i) {
        ending.applied(events[work[i].event], work[i].kind, work[i].object, applied[i],
                       work[i].occurred_at);
    }
    co_await event_store::mark(tx, ending.take_marks(), context.now);
    result.claimed = std::move(events);
    co_return result;
}

Task<AppliedEvents> apply_fetched(db::Tx& tx, ApplyContext context, std::vector<Tie> ties,
                                  provider::Change fetched) {
    AppliedEvents result;
    Ending ending(result, context.now);
    std::ranges::sort(ties, {}, &Tie::occurred_at);
    std::vector<ToApply> changes;
    for (const auto& tie : ties) {
        auto event = co_await event_store::claim_one(tx, tie.provider, tie.event_id);
        if (!event) continue;  // replayed, or finished by another node after our lease ran out
        event->payload = {};
        result.claimed.push_back(std::move(*event));
        changes.push_back({.change = fetched, .fetched_at_revision = tie.revision});
        // Under the event's second: the moment of asking is our clock's, not the provider's.
        changes.back().change.event_id.clear();
        changes.back().change.occurred_at = tie.occurred_at;
    }
    const auto applied = co_await billing::apply_changes(tx, changes, context.now);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        ending.applied(result.claimed[i], changes[i].change.kind, changes[i].change.object,
                       applied[i], changes[i].change.occurred_at);
    }
    co_await event_store::mark(tx, ending.take_marks(), context.now);
    co_return result;
}

namespace {

// What became of a hint: the first of the answers that says why it is not done, else the first.
const Applied& decisive(const std::vector<Applied>& applied) {
    for (const Outcome outcome : {Outcome::waiting, Outcome::needs_fetch}) {
        const auto found = std::ranges::find(applied, outcome, &Applied::outcome);
        if (found != applied.end()) return *found;
    }
    return applied.front();
}

}  // namespace

Task<AppliedEvents> apply_answers(db::Tx& tx, ApplyContext context, std::vector<Tie> hints,
                                  std::vector<provider::Change> answers) {
    AppliedEvents result;
    Ending ending(result, context.now);
    std::vector<Tie> mine;
    for (const Tie& hint : hints) {
        auto event = co_await event_store::claim_one(tx, hint.provider, hint.event_id);
        if (!event) continue;  // replayed, or finished by another node after our lease ran out
        event->payload = {};
        result.claimed.push_back(std::move(*event));
        mine.push_back(hint);
    }
    if (mine.empty()) co_return result;
    std::vector<ToApply> changes;
    for (auto& answer : answers) changes.push_back({.change = std::move(answer)});
    auto applied = co_await billing::apply_changes(tx, std::move(changes), context.now);
    if (applied.empty()) applied.push_back({.outcome = Outcome::unchanged});
    for (std::size_t i = 0; i < mine.size(); ++i) {
        ending.applied(result.claimed[i], mine[i].kind, mine[i].object, decisive(applied),
                       mine[i].occurred_at);
    }
    for (Tie& again : result.ties) again.hint = true;
    co_await event_store::mark(tx, ending.take_marks(), context.now);
    co_return result;
}

Fault fault_of(const db::Failure& failure) {
    // Out of range, not a number, a check or not-null constraint. A unique or exclusion constraint may
    // have been a race, and then holds no more.
    const bool hopeless = failure.sqlstate.starts_with("22") || failure.sqlstate == "23502" ||
                          failure.sqlstate == "23514";
    return hopeless ? Fault::event : Fault::unknown;
}

Mark failure_mark(const StoredEvent& event, std::string error, Instant now, Fault fault) {
    const std::int64_t attempts = event.attempts + 1;
    const bool dead =
        fault == Fault::event || (fault == Fault::unknown && attempts >= attempts_max);
    return {.provider = event.provider,
            .event_id = event.event_id,
            .status = dead ? Status::dead : Status::failed,
            .attempts = attempts,
            .next_attempt_at = now + jobs::back_off(attempts),
            .note = std::move(error).substr(0, error_bytes_max)};
}

}  // namespace paydesk::webhook
