#pragma once
// Where usage events go to become durable: the one way in. Today Postgres (postgres_sink.h); a replicated log
// with its own dedupe and a consumer that commits roll-ups and offsets together fits the same contract.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/task.h"
#include "usage/event.h"

namespace paydesk::usage {

enum class Outcome : std::uint8_t {
    recorded,
    duplicate,  // its key has counted already, with the same content: a success
    conflict,  // its key has counted already with another metric, quantity or value: nothing was changed
};

struct Recorded {
    Outcome outcome = Outcome::recorded;
    std::optional<Period> period = {};  // where it counts, if the sink knows it at once
    bool is_late = false;               // that period has been invoiced already
};

class UsageSink {
public:
    virtual ~UsageSink() = default;

    // Records `events`, of any accounts, and answers for each, in their order.
    //
    // ENSURES: an event that is answered is durable: neither the end of this process nor that of one machine
    //          loses it. An event counts exactly once, however often and from wherever it is sent. The roll-ups
    //          of an event that is recorded change in the same commit, or exactly once after it.
    // Throws Unavailable: which of them are recorded is unknown; the same events may be sent again. Also
    // when more are waiting already than the sink's bound: nothing is recorded then.
    virtual Task<std::vector<Recorded>> record(std::vector<Event> events) = 0;
};

}  // namespace paydesk::usage
