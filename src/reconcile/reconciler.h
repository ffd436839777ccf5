#pragma once
// Compares what the provider knows with what our rows say, and mends ours through apply_changes().
//
//     events    GET events ── not in the inbox ──▶ webhook_events, as if delivered ──▶ processor
//     objects   each list, page by page ──▶ compared (sweep_page.h) ──▶ mended
//     usage     hours ── reports ── the meters' own counts ──▶ told; mended where it was never reported
//
// A run has a budget of requests and of time. When it is used up the run ends as `stopped`, and the next
// run of its kind goes on where it came to. Rows are mended and people are told nothing by a sweep; an
// event that was lost tells what it would have told.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/task.h"
#include "db/database.h"
#include "provider/listing.h"
#include "provider/metering.h"
#include "reconcile/report.h"
#include "webhook/processor.h"
#include "webhook/receiver.h"

namespace paydesk::reconcile {

inline constexpr int requests_max_default = 2'000;
// A scheduled look at events begins so long before the newest event that the last one has seen.
inline constexpr std::chrono::hours events_overlap{1};

struct Parts {
    db::Database& db;
    const Clock& clock;
    provider::Listing& listing;
    webhook::Applier applier;  // REQUIRES: with a provider
    std::function<Result<webhook::Envelope>(std::string_view body)> envelope;
    std::function<void()> on_stored;  // events were stored: Processor::wake
    provider::Metering* metering = nullptr;
};

struct Options {
    std::string origin = "operator";  // or "schedule"
    bool dry_run = false;             // changes nothing but the run's own row
    // Events and objects made since then; starts anew, whatever is unfinished. None: all.
    std::optional<Instant> since = {};
    int requests_max = requests_max_default;
    std::optional<Instant> stop_at = {};
    // Events so young, by the provider's clock, may be under way to us: stored, but no drift.
    std::chrono::seconds grace{0};
};

class Reconciler {
public:
    // What `parts` refers to outlives the reconciler.
    explicit Reconciler(Parts parts) : parts_(std::move(parts)) {}

    // Each writes its run into reconciliations as it goes. A provider that does not answer makes the run
    // `failed`; the next goes on there. Throws db::Failure, Unavailable.
    Task<Run> events(Options options);
    Task<Run> objects(Options options);
    // REQUIRES: parts with a metering.
    Task<Run> usage(Options options);

    // Whether a run of "objects" or "usage" has to begin or to go on: none is complete since `period` ago.
    Task<bool> is_due(std::string mode, std::chrono::seconds period);

private:
    Parts parts_;
};

}  // namespace paydesk::reconcile
