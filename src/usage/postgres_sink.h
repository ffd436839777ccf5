#pragma once
// The UsageSink on Postgres: events that arrive while a commit runs leave together in the next one, as one
// statement that is its own transaction.
//
//     request ──▶ record ── group commit ──▶ record_store::count ──▶ answer
//                                                    └──▶ Thresholds

#include <memory>

#include "db/database.h"
#include "usage/metrics.h"
#include "usage/sink.h"

namespace paydesk::usage {

class Thresholds;

// Events that wait for their commit; beyond it senders are told to come back (503, Retry-After).
inline constexpr std::size_t sink_queue_events_max = 20'000;
// Of one statement.
inline constexpr std::size_t group_events_max = 2'000;

// Of one thread.
class PostgresSink final : public UsageSink {
public:
    // The arguments outlive it; no record() may be under way when it dies.
    PostgresSink(asio::io_context& io, db::Database& db, const Clock& clock, MetricsCache& metrics,
                 Thresholds& thresholds);
    ~PostgresSink() override;

    Task<std::vector<Recorded>> record(std::vector<Event> events) override;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace paydesk::usage
