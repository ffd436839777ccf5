#include "reconcile/progress.h"

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"

namespace paydesk::reconcile {

namespace {

constexpr std::chrono::days kept_without_drift{30};

void measure(const run_store::Row& row, const Report& report) {
    metrics::count("paydesk_reconcile_requests_total",
                   {
                       {"mode", row.mode}
    },
                   row.requests);
    metrics::gauge("paydesk_reconcile_drift", static_cast<double>(row.drift),
                   {
                       {"mode", row.mode}
    });
    for (const auto& [kind, counts] : report.kinds) {
        for (const auto& [drift, n] : counts.drift) {
            metrics::count("paydesk_reconcile_drift_total",
                           {
                               {"kind",  kind            },
                               {"drift", to_string(drift)}
            },
                           static_cast<double>(n));
        }
    }
    if (row.status == "complete") {
        metrics::gauge("paydesk_reconcile_completed_at_seconds",
                       static_cast<double>(to_unix(*row.finished_at)),
                       {
                           {"mode", row.mode}
        });
    }
}

}  // namespace

Task<Progress> Progress::begin(const Parts& parts, const Options& options, std::string mode,
                               json::object position, std::optional<Instant> since,
                               std::optional<Instant> reached) {
    const Instant now = parts.clock.now();
    Progress progress;
    progress.requests_max_ = options.requests_max;
    progress.stop_at_ = options.stop_at;
    progress.row_ = {.id = uuid_v7(now),
                     .mode = std::move(mode),
                     .origin = options.origin,
                     .provider = parts.listing.name(),
                     .dry_run = options.dry_run,
                     .since = since,
                     .reached = reached,
                     .position = std::move(position),
                     .started_at = now};
    co_await run_store::save(parts.db, progress.row_);
    co_return progress;
}

bool Progress::may_go_on(const Clock& clock) const {
    return row_.requests < requests_max_ && (!stop_at_ || clock.now() < *stop_at_);
}

void Progress::see(Instant newest) {
    row_.reached = row_.reached ? std::max(*row_.reached, newest) : newest;
}

Task<> Progress::save(const Parts& parts) {
    const Counts sum = report_.total();
    row_.checked = sum.checked;
    row_.drift = sum.drifted();
    row_.repaired = sum.repaired;
    row_.report = report_.to_json();
    co_await run_store::save(parts.db, row_);
}

Task<Run> Progress::end(const Parts& parts, std::string status, std::string position_text,
                        std::optional<std::string> error) {
    row_.status = std::move(status);
    row_.error = std::move(error);
    row_.finished_at = parts.clock.now();
    co_await save(parts);
    co_await run_store::forget(parts.db, *row_.finished_at - kept_without_drift);
    if (!row_.dry_run) measure(row_, report_);
    log::write(row_.drift > 0 ? log::Level::warning : log::Level::info, "reconciled",
               {
                   {"mode",     json::value(row_.mode)    },
                   {"dry_run",  json::value(row_.dry_run) },
                   {"status",   json::value(row_.status)  },
                   {"requests", json::value(row_.requests)},
                   {"checked",  json::value(row_.checked) },
                   {"drift",    json::value(row_.drift)   },
                   {"repaired", json::value(row_.repaired)}
    });
    co_return Run{.id = row_.id,
                  .mode = row_.mode,
                  .dry_run = row_.dry_run,
                  .status = row_.status,
                  .position_text = std::move(position_text),
                  .error = row_.error,
                  .requests = row_.requests,
                  .report = report_};
}

}  // namespace paydesk::reconcile
