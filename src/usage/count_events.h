#pragma once
// Counts a group of events with whatever runs statements, and says what became of each. Shared by the sink and
// by consumption, which counts inside a transaction of its own.

#include <vector>

#include "usage/record_store.h"
#include "usage/sink.h"

namespace paydesk::usage {

struct CountedGroup {
    std::vector<Recorded> answers;  // in the order of the events
    std::vector<Totals> totals;     // of every period that changed
};

// The events in any order, one key as often as it likes: of equal ones the first counts.
Task<CountedGroup> count_events(record_store::Run run, std::vector<const Event*> events,
                                std::shared_ptr<const Metrics> metrics, Instant now);

}  // namespace paydesk::usage
