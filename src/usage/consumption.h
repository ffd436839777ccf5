#pragma once
// Check and record in one step: an event counts only if the limit allows it, however many ask at once.
//
//     request ──▶ consume ── group commit ──▶ lock the accounts, load, decide in order, count ──▶ answer

#include <memory>

#include "db/database.h"
#include "usage/metrics.h"
#include "usage/sink.h"

namespace paydesk::usage {

class Thresholds;

// Requests that wait for their commit; beyond it they are told to come back (503, Retry-After).
inline constexpr std::size_t consumption_queue_max = 4'096;

inline constexpr std::int64_t unlimited = -1;

struct Consumed {
    bool allowed = false;   // and recorded
    bool replayed = false;  // its key had been allowed before: nothing was counted again
    bool conflict = false;  // its key had come with another event: nothing was changed
    Decimal used = {};      // in the period, this event included where it is allowed
    std::int64_t limit = unlimited;
    bool is_soft = false;  // beyond the limit is allowed
    Period period = {};
};

// What of a metric is left to an account: its plan's limit, by what it may do now.
struct Limit {
    std::int64_t limit = unlimited;
    bool is_soft = false;
    bool allows(Decimal used) const {
        return is_soft || limit < 0 || used <= Decimal::from_int(limit);
    }
};
Limit limit_of(const Metrics& metrics, const std::optional<std::string>& plan_key,
               std::string_view metric);

// Of one thread.
class Consumption {
public:
    // The arguments outlive it; no consume() may be under way when it dies.
    Consumption(asio::io_context& io, db::Database& db, const Clock& clock, MetricsCache& metrics,
                Thresholds& thresholds);
    ~Consumption();

    // Records the event if the limit of its metric allows it.
    //
    // ENSURES: what it answers is committed. Of concurrent requests, on any number of nodes, no more are
    //          allowed than the limit holds. Events that were recorded without asking (sink.h) count too, and
    //          may exceed it. A refused one leaves nothing: the same key may ask again.
    // Throws Unavailable: whether it counted is unknown; the same event may be sent again.
    Task<Consumed> consume(Event event);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace paydesk::usage
