#pragma once
// The parts of usage that a server has one of, in the order in which they depend on each other.

#include "usage/consumption.h"
#include "usage/metrics.h"
#include "usage/partitions.h"
#include "usage/postgres_sink.h"
#include "usage/thresholds.h"

namespace paydesk::usage {

struct Usage {
    // The arguments outlive it.
    Usage(asio::io_context& io, db::Database& db, const Clock& clock, Retention retention_ = {})
        : retention(retention_),
          metrics(db, clock),
          thresholds(io, db),
          sink(io, db, clock, metrics, thresholds),
          consumption(io, db, clock, metrics, thresholds) {}

    Retention retention;
    MetricsCache metrics;
    Thresholds thresholds;
    PostgresSink sink;
    Consumption consumption;
};

}  // namespace paydesk::usage
