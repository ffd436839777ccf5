// Reconciler::events(): what the provider made and we were not told.

#include <algorithm>
#include <map>

#include "base/log.h"
#include "reconcile/inbox_store.h"
#include "reconcile/progress.h"
#include "reconcile/stored_events.h"
#include "webhook/event_store.h"

namespace paydesk::reconcile {

namespace {

using webhook::Envelope;

struct Listed {
    Envelope envelope;
    std::string payload;
};

std::vector<Listed> read(const Parts& parts, provider::EventPage page, Progress& progress) {
    std::vector<Listed> listed;
    for (auto& payload : page.events) {
        auto envelope = parts.envelope(payload);
        if (!envelope) {
            ++progress.report().kinds["event"].unreadable;
            log::warning("reconcile_event_unreadable",
                         {
                             {"error", json::value(envelope.error().message)}
            });
            continue;
        }
        progress.see(envelope->occurred_at);
        if (!parts.listing.follows(envelope->type)) continue;
        ++progress.report().kinds["event"].checked;
        listed.push_back({std::move(*envelope), std::move(payload)});
    }
    return listed;
}

webhook::event_store::NewEvent to_store(const Parts& parts, Listed missing) {
    Envelope& envelope = missing.envelope;
    return {.provider = parts.listing.name(),
            .event_id = std::move(envelope.event_id),
            .type = std::move(envelope.type),
            .api_version =
                envelope.api_version.empty() ? std::nullopt : std::optional(envelope.api_version),
            .livemode = envelope.livemode,
            .occurred_at = envelope.occurred_at,
            .object_kind = envelope.object_kind,
            .object_id = std::move(envelope.object_id),
            .ignored = false,
            .note = "",
            .received_at = parts.clock.now(),
            .payload = std::move(missing.payload)};
}

// Where a row was lost together with an event, that event makes it anew, and equal to the provider's object: no
// sweep would look at what the other events have told of it.
Task<> tell_again(const Parts& parts, const std::vector<webhook::event_store::NewEvent>& missing) {
    std::map<provider::ObjectKind, std::vector<std::string>> about;
    for (const auto& event : missing) about[event.object_kind].push_back(event.object_id);
    for (const auto& [kind, ids] : about) {
        co_await parts.db.transaction(
            [&](db::Tx& tx) -> Task<> { co_await apply_stored_events(parts, tx, kind, ids); });
    }
}

// Stores what is missing of a page and says so.
Task<> take_missing(const Parts& parts, const Options& options, std::vector<Listed> listed,
                    Progress& progress) {
    std::vector<std::string> ids;
    for (const auto& one : listed) ids.push_back(one.envelope.event_id);
    const auto known = co_await inbox_store::known(parts.db, parts.listing.name(), std::move(ids));
    std::vector<webhook::event_store::NewEvent> missing;
    for (auto& one : listed) {
        if (known.contains(one.envelope.event_id)) continue;
        const bool young = options.grace.count() > 0 && progress.reached() &&
                           one.envelope.occurred_at > *progress.reached() - options.grace;
        if (young) {
            ++progress.report().kinds["event"].in_flight;
        } else {
            progress.report().find({.kind = one.envelope.type,
                                    .id = one.envelope.event_id,
                                    .drift = Drift::event_missing});
            if (!options.dry_run) ++progress.report().kinds["event"].repaired;
        }
        missing.push_back(to_store(parts, std::move(one)));
    }
    if (missing.empty() || options.dry_run) co_return;
    co_await tell_again(parts, missing);
    // As they happened: the list has the newest first, and several in one second.
    std::ranges::reverse(missing);
    std::vector<const webhook::event_store::NewEvent*> rows;
    for (auto& event : missing) {
        event.received_at += std::chrono::microseconds(rows.size());
        rows.push_back(&event);
    }
    (void)co_await webhook::event_store::add(parts.db, std::move(rows));
    if (parts.on_stored) parts.on_stored();
}

// Where an unfinished run came to, or what a complete one leaves to look at.
struct Start {
    provider::EventQuery query;
    std::optional<Instant> reached;
};

Task<Start> start_of(const Parts& parts, const Options& options) {
    Start start;
    start.query.since = options.since;
    if (options.since) co_return start;
    const auto last =
        co_await run_store::last(parts.db, parts.listing.name(), "events", options.dry_run);
    if (!last) co_return start;
    if (last->status != "complete") {
        start.query.since = last->since;
        start.reached = last->reached;
        if (const auto after = string_at(last->position, {"after"})) {
            start.query.after = provider::Ref{*after};
        }
    } else if (options.origin == "schedule" && last->reached) {
        start.query.since = *last->reached - events_overlap;
    }
    co_return start;
}

json::object position_of(const provider::EventQuery& query) {
    json::object position;
    if (query.after) position["after"] = query.after->value;
    return position;
}

std::string in_words(const provider::EventQuery& query) {
    return query.after ? "the events before " + query.after->value : "its beginning";
}

}  // namespace

Task<Run> Reconciler::events(Options options) {
    auto [query, reached] = co_await start_of(parts_, options);
    auto progress = co_await Progress::begin(parts_, options, "events", position_of(query),
                                             query.since, reached);
    while (progress.may_go_on(parts_.clock)) {
        auto page = co_await parts_.listing.list_events(query);
        if (!page) {
            co_return co_await progress.end(parts_, "failed", in_words(query),
                                            page.error().message);
        }
        const auto next = page->next;
        progress.took(page->requests);
        co_await take_missing(parts_, options, read(parts_, std::move(*page), progress), progress);
        if (!next) {
            progress.stand_at({});
            co_return co_await progress.end(parts_, "complete", "");
        }
        query.after = next;
        progress.stand_at(position_of(query));
        co_await progress.save(parts_);
    }
    co_return co_await progress.end(parts_, "stopped", in_words(query));
}

}  // namespace paydesk::reconcile
